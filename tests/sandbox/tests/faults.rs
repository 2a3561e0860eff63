//! Faults fail in the platform's own form and end when they are used up.

mod common;

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use common::{Bench, bend, ga4_purchase, meta_purchase, tiktok_purchase};
use firsthand_sandbox::SandboxConfig;
use serde_json::{Value, json};

#[tokio::test]
async fn meta_faults_speak_the_graph_api() {
    for (kind, status, code, transient) in [
        ("rate_limit", 400, 80_003, true),
        ("bad_token", 400, 190, false),
        ("transient_error", 500, 2, true),
    ] {
        let bench = Bench::new();
        bench
            .fault(json!({ "platform": "meta", "kind": kind, "count": 1, "retry_after_s": 120 }))
            .await;
        let answer = bench.meta(&meta_purchase()).await;
        let error = &answer.body["error"];
        assert_eq!(
            (answer.status, &error["code"], &error["is_transient"]),
            (status, &json!(code), &json!(transient))
        );
        if kind == "rate_limit" {
            let usage: Value =
                serde_json::from_slice(answer.headers["x-business-use-case-usage"].as_bytes())
                    .expect("json");
            assert_eq!(
                usage["1000000000000001"][0]["estimated_time_to_regain_access"],
                2
            );
        }
        assert_eq!(bench.events("").await[0]["fault"], kind);
        assert_eq!(
            bench.meta(&meta_purchase()).await.status,
            200,
            "{kind} is used up"
        );
    }
}

#[tokio::test]
async fn tiktok_faults_come_with_http_200() {
    for (kind, code) in [
        ("rate_limit", 40_100),
        ("bad_token", 40_001),
        ("transient_error", 50_000),
        ("partial_20001", 20_001),
    ] {
        let bench = Bench::new();
        bench
            .fault(json!({ "platform": "tiktok", "kind": kind, "count": 1 }))
            .await;
        let answer = bench.tiktok(&tiktok_purchase()).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (200, &json!(code)),
            "{kind}"
        );
        let received =
            bench.get("/control/summary").await.body["platforms"]["tiktok"]["received"].clone();
        assert_eq!(received, u64::from(kind == "partial_20001"));
    }
}

#[tokio::test]
async fn every_documented_code_comes_on_demand() {
    let meta = [
        ("bad_token", vec![3, 190, 200], false),
        ("transient_error", vec![1, 2, 341], true),
        ("transient_error", vec![368, 5_000, 21_009], false),
        ("rate_limit", vec![17, 613], false),
        (
            "rate_limit",
            [4].into_iter().chain(80_000..=80_014).collect(),
            true,
        ),
    ];
    for (kind, codes, transient) in meta {
        for code in codes {
            let bench = Bench::new();
            bench
                .fault(json!({ "platform": "meta", "kind": kind, "code": code, "count": 1 }))
                .await;
            let answer = bench.meta(&meta_purchase()).await;
            let error = &answer.body["error"];
            assert!(answer.status >= 400, "{code}");
            assert_eq!(error["code"], code);
            assert_eq!(error["is_transient"], transient, "{code}");
            let totals = &bench.get("/control/summary").await.body["platforms"]["meta"];
            assert_eq!(
                (&totals["received"], &totals["refused"]),
                (&json!(0), &json!(1))
            );
        }
    }
    for (kind, codes) in [
        ("bad_token", vec![40_001, 40_104, 40_105]),
        ("transient_error", vec![50_000, 51_000, 51_999]),
    ] {
        for code in codes {
            let bench = Bench::new();
            bench
                .fault(json!({ "platform": "tiktok", "kind": kind, "code": code, "count": 1 }))
                .await;
            let answer = bench.tiktok(&tiktok_purchase()).await;
            assert_eq!((answer.status, &answer.body["code"]), (200, &json!(code)));
        }
    }
    for (platform, kind, code) in [
        ("meta", "rate_limit", 80_015),
        ("tiktok", "transient_error", 52_000),
    ] {
        let fault = json!({ "platform": platform, "kind": kind, "code": code });
        let answer = Bench::new().post("/control/fault", &fault).await;
        assert_eq!(answer.status, 400, "{code}");
    }
}

#[tokio::test]
async fn outages_look_alike_on_every_platform() {
    for platform in ["meta", "tiktok", "ga4"] {
        for (kind, status) in [("outage_503", 503), ("html_500", 500)] {
            let bench = Bench::new();
            bench
                .fault(json!({ "platform": platform, "kind": kind, "retry_after_s": 7 }))
                .await;
            let answer = match platform {
                "meta" => bench.meta(&meta_purchase()).await,
                "tiktok" => bench.tiktok(&tiktok_purchase()).await,
                _ => bench.ga4(&ga4_purchase()).await,
            };
            assert_eq!(
                (answer.status, &answer.headers["retry-after"]),
                (status, &"7".parse().expect("header"))
            );
            assert_eq!(bench.events("").await[0]["verdict"], "refused");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_still_counts_the_event_and_the_resend_is_a_copy() {
    let bench = Bench::new();
    bench.fault(json!({ "platform": "meta", "kind": "timeout", "count": 1, "delay_ms": 0, "processed": true })).await;
    assert!(bench.meta(&meta_purchase()).await.is_broken);
    assert_eq!(bench.meta(&meta_purchase()).await.status, 200);
    let totals = &bench.get("/control/summary").await.body["platforms"]["meta"];
    assert_eq!(
        (&totals["counted"], &totals["duplicates"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn one_event_fails_once_or_for_good() {
    let bench = Bench::new();
    bench.fault(json!({ "platform": "meta", "kind": "error_once_for_event_id", "event_id": "purchase:1001" })).await;
    let other = bend(meta_purchase(), "/data/0/event_id", json!("other"));
    assert_eq!(bench.meta(&other).await.status, 200);
    assert_eq!(
        bench.meta(&meta_purchase()).await.body["error"]["is_transient"],
        true
    );
    assert_eq!(bench.meta(&meta_purchase()).await.status, 200);

    bench
        .fault(
            json!({ "platform": "tiktok", "kind": "refuse_event_id", "event_id": "purchase:1001" }),
        )
        .await;
    for _ in 0..2 {
        let answer = bench.tiktok(&tiktok_purchase()).await;
        assert_eq!(answer.body["message"], "Batch.0.event_id: Not accepted");
    }
    let clear = Request::delete("/control/fault")
        .body(Body::empty())
        .expect("request");
    assert_eq!(bench.send(clear).await.status, 204);
    assert_eq!(bench.tiktok(&tiktok_purchase()).await.body["code"], 0);
}

#[tokio::test]
async fn a_wrong_fault_is_refused_with_a_reason() {
    let bench = Bench::new();
    for (fault, want) in [
        (
            json!({ "platform": "ga4", "kind": "rate_limit" }),
            "rate_limit is not a documented answer of this platform",
        ),
        (
            json!({ "platform": "meta", "kind": "refuse_event_id" }),
            "refuse_event_id needs event_id",
        ),
        (
            json!({ "platform": "meta", "kind": "reset", "count": 0 }),
            "count must be at least 1, or null for until cleared",
        ),
    ] {
        let answer = bench.post("/control/fault", &fault).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(want)));
    }
}

#[tokio::test]
async fn a_reset_drops_a_real_connection_without_an_answer() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("port");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(firsthand_sandbox::serve(
        listener,
        SandboxConfig::default(),
        async {
            let _ = stopped.await;
        },
    ));
    let client = reqwest::Client::new();
    let set = json!({ "platform": "meta", "kind": "reset" }).to_string();
    let url = format!("http://{address}/control/fault");
    let answer = client.post(url).body(set).send().await.expect("answer");
    assert!(answer.status().is_success());
    drop(client);

    let mut socket = tokio::net::TcpStream::connect(address)
        .await
        .expect("connect");
    socket
        .write_all(b"POST /meta/v26.0/1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        .await
        .expect("write");
    let mut read = Vec::new();
    let outcome =
        tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut read)).await;
    let _ = outcome.expect("the server closes the connection");
    assert!(read.is_empty(), "{}", String::from_utf8_lossy(&read));
    stop.send(()).expect("server runs");
    server.await.expect("joined").expect("served");
}

#[tokio::test]
async fn a_secret_ga4_does_not_take_is_a_silent_discard() {
    let bench = Bench::new();
    bench
        .fault(json!({ "platform": "ga4", "kind": "bad_token", "count": 1 }))
        .await;
    assert_eq!(bench.ga4(&ga4_purchase()).await.status, 204);
    assert_eq!(
        bench.events("event_id=1001").await[0]["verdict"],
        "discarded"
    );
    bench
        .fault(json!({ "platform": "ga4", "kind": "error_once_for_event_id", "event_id": "1001" }))
        .await;
    assert_eq!(bench.ga4(&ga4_purchase()).await.status, 503);
    assert_eq!(bench.ga4(&ga4_purchase()).await.status, 204);
    assert_eq!(bench.events("event_id=1001").await.len(), 3);
}

#[tokio::test]
async fn a_held_answer_does_not_hold_up_the_shutdown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("port");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let config = SandboxConfig {
        timeout_hold: Duration::from_hours(1),
        ..SandboxConfig::default()
    };
    let server = tokio::spawn(firsthand_sandbox::serve(listener, config, async {
        let _ = stopped.await;
    }));
    let client = reqwest::Client::new();
    let set = json!({ "platform": "ga4", "kind": "timeout" }).to_string();
    client
        .post(format!("http://{address}/control/fault"))
        .body(set)
        .send()
        .await
        .expect("set");
    let held = tokio::spawn(
        client
            .post(format!("http://{address}/ga4/mp/collect"))
            .body("{}")
            .send(),
    );
    let url = format!("http://{address}/control/summary");
    let is_held = async {
        loop {
            let text = client
                .get(&url)
                .send()
                .await
                .expect("summary")
                .text()
                .await
                .expect("text");
            let summary: Value = serde_json::from_str(&text).expect("json");
            if summary["platforms"]["ga4"]["refused"] == 1 {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_held)
        .await
        .expect("request is held");
    stop.send(()).expect("server runs");
    let ended = tokio::time::timeout(Duration::from_secs(10), server).await;
    ended.expect("in time").expect("joined").expect("served");
    assert!(held.await.expect("joined").is_err(), "no answer was given");
}

#[tokio::test]
async fn a_slow_platform_gives_its_true_answer() {
    for platform in ["meta", "tiktok", "ga4"] {
        let bench = Bench::new();
        bench
            .fault(json!({ "platform": platform, "kind": "slow", "delay_ms": 0 }))
            .await;
        bench.meta(&meta_purchase()).await;
        bench.tiktok(&tiktok_purchase()).await;
        bench.ga4(&ga4_purchase()).await;
        let counted = bench
            .events("")
            .await
            .iter()
            .filter(|e| e["counted"] == true)
            .count();
        assert_eq!(counted, 3, "{platform}");
    }
}
