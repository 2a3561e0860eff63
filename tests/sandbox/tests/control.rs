//! De-duplication, clock, bounds, collector and page, as the control API shows them.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Bench, bend, ga4_purchase, meta_purchase, tiktok_purchase};
use firsthand_sandbox::{CollectorLink, SandboxConfig};
use serde_json::{Value, json};

const PIXEL: &str = "/meta/tr?id=1000000000000001&ev=Purchase&eid=purchase:1001&cd%5Bvalue%5D=59.8&cd%5Bcurrency%5D=EUR&fbp=fb.1.1.2";

#[tokio::test]
async fn meta_counts_server_and_pixel_copy_once_within_48_hours() {
    let bench = Bench::new();
    bench.meta(&meta_purchase()).await;
    let pixel = bench.get(PIXEL).await;
    assert_eq!(pixel.headers["content-type"], "image/gif");
    assert_eq!(pixel.headers["access-control-allow-origin"], "*");
    bench.clock(48 * 3_600 + 1).await;
    bench.get(PIXEL).await;
    assert_eq!(
        bench.fates("meta").await,
        [Value::Null, json!("merged"), Value::Null]
    );
    let events = bench.events("platform=meta").await;
    assert_eq!(events[1]["duplicate_of"], events[0]["seq"]);
    assert_eq!(
        (&events[1]["verdict"], &events[1]["counted"]),
        (&json!("accepted"), &json!(false))
    );
    assert_eq!(
        (&events[1]["channel"], &events[1]["value"]),
        (&json!("browser"), &json!(59.8))
    );
    let totals = &bench.get("/control/summary").await.body["platforms"]["meta"];
    assert_eq!(
        (
            &totals["received"],
            &totals["counted"],
            &totals["duplicates"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
}

#[tokio::test]
async fn names_are_case_sensitive_and_ids_exact() {
    let bench = Bench::new();
    bench.meta(&meta_purchase()).await;
    bench
        .get("/meta/tr?id=1000000000000001&ev=purchase&eid=purchase:1001")
        .await;
    bench
        .get("/meta/tr?id=1000000000000001&ev=Purchase&eid=purchase:1001x")
        .await;
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["meta"]["counted"],
        3
    );
}

#[tokio::test]
async fn tiktok_merges_for_five_minutes_and_drops_until_48_hours() {
    let bench = Bench::new();
    bench.tiktok(&tiktok_purchase()).await;
    bench.clock(299).await;
    bench.tiktok_pixel().await;
    bench.clock(300).await;
    bench.tiktok_pixel().await;
    bench.clock(48 * 3_600 + 1).await;
    bench.tiktok_pixel().await;
    assert_eq!(
        bench.fates("tiktok").await,
        [Value::Null, json!("merged"), json!("dropped"), Value::Null]
    );
}

#[tokio::test]
async fn ga4_counts_everything_twice_but_a_purchase() {
    let bench = Bench::new();
    let lead = bend(ga4_purchase(), "/events/0/name", json!("generate_lead"));
    for body in [&ga4_purchase(), &ga4_purchase(), &lead, &lead] {
        bench.ga4(body).await;
    }
    let totals = &bench.get("/control/summary").await.body["platforms"]["ga4"];
    assert_eq!(
        (&totals["counted"], &totals["duplicates"]),
        (&json!(3), &json!(1))
    );
}

#[tokio::test]
async fn pages_of_another_origin_cannot_change_anything() {
    let bench = Bench::new();
    for (origin, want) in [("http://evil.example", 403), ("http://sandbox.test", 204)] {
        let request = Request::post("/control/reset")
            .header("host", "sandbox.test")
            .header("origin", origin)
            .body(Body::empty())
            .expect("request");
        assert_eq!(bench.send(request).await.status, want, "{origin}");
    }
}

#[tokio::test]
async fn memory_is_bounded_and_a_reset_starts_a_new_epoch() {
    let bench = Bench::with(SandboxConfig {
        max_kept: 3,
        ..SandboxConfig::default()
    });
    for id in 0..5 {
        bench
            .meta(&bend(
                meta_purchase(),
                "/data/0/event_id",
                json!(id.to_string()),
            ))
            .await;
    }
    let seqs: Vec<_> = bench
        .events("")
        .await
        .iter()
        .map(|e| e["seq"].clone())
        .collect();
    assert_eq!(seqs, [3, 4, 5]);
    assert_eq!(bench.events("since=4").await.len(), 1);
    let summary = bench.get("/control/summary").await.body;
    assert_eq!(
        (&summary["kept"], &summary["platforms"]["meta"]["evicted"]),
        (&json!(3), &json!(2))
    );
    bench.post("/control/reset", &json!({})).await;
    let after = bench.get("/control/events").await.body;
    assert_eq!(
        (&after["epoch"], &after["last_seq"], &after["events"]),
        (&json!(2), &json!(5), &json!([]))
    );
}

#[tokio::test]
async fn an_unreachable_collector_is_a_sentence() {
    let bench = Bench::new();
    assert_eq!(
        bench.get("/control/collector").await.body,
        json!({ "configured": false })
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    drop(listener);
    let bench = Bench::with(SandboxConfig {
        collector: Some(CollectorLink {
            url,
            token: "t".to_owned(),
        }),
        ..SandboxConfig::default()
    });
    let answer = bench.get("/control/collector").await.body;
    assert_eq!(
        (&answer["reachable"], &answer["why"]),
        (&json!(false), &json!("the collector cannot be reached"))
    );
}

#[tokio::test]
async fn the_page_names_no_other_host() {
    let bench = Bench::new();
    for path in ["/", "/page/style.css", "/page/script.js"] {
        let answer = bench.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.headers["content-security-policy"]
                .to_str()
                .expect("text")
                .contains("default-src 'none'")
        );
        assert!(
            !answer.text.contains("http://") && !answer.text.contains("https://"),
            "{path}"
        );
        assert!(!answer.text.is_empty());
    }
}

#[tokio::test]
async fn a_reachable_collector_is_asked_with_its_token_and_passed_on() {
    use axum::http::HeaderMap;
    use axum::routing::get;
    let listed = json!({ "events": [{ "event_id": "purchase:1001" }] });
    let answer = listed.clone();
    let inspect = get(async move |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "Bearer look");
        axum::Json(answer.clone())
    });
    let collector = axum::Router::new().route("/v1/inspect/events", inspect);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("port");
    let url = format!("http://{}/", listener.local_addr().expect("address"));
    let server = tokio::spawn(async move { axum::serve(listener, collector).await });
    let bench = Bench::with(SandboxConfig {
        collector: Some(CollectorLink {
            url,
            token: "look".to_owned(),
        }),
        ..SandboxConfig::default()
    });
    let got = bench.get("/control/collector").await.body;
    assert_eq!(
        got,
        json!({ "configured": true, "reachable": true, "answer": listed })
    );
    server.abort();
}

#[tokio::test]
async fn pixels_answer_a_preflight_and_discard_what_they_cannot_read() {
    let bench = Bench::new();
    for path in ["/meta/tr", "/tiktok/pixel"] {
        let preflight = Request::options(path).body(Body::empty()).expect("request");
        let answer = bench.send(preflight).await;
        assert_eq!(
            (
                answer.status,
                &answer.headers["access-control-allow-origin"]
            ),
            (204, &"*".parse().expect("header"))
        );
    }
    bench.get("/meta/tr?id=2&ev=Purchase&eid=a").await;
    bench.post("/tiktok/pixel", &json!("not an event")).await;
    let verdicts: Vec<_> = bench
        .events("")
        .await
        .iter()
        .map(|e| e["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["discarded", "discarded"]);
}

#[tokio::test]
async fn a_pixel_posting_a_form_is_the_same_hit() {
    let bench = Bench::new();
    let form = Request::post("/meta/tr")
        .body(Body::from(
            "id=1000000000000001&ev=Purchase&eid=a&cd%5Bvalue%5D=5&ud%5Bem%5D=x",
        ))
        .expect("request");
    bench.send(form).await;
    let event = &bench.events("event_id=a").await[0];
    assert_eq!(
        (&event["value"], &event["match_keys"][0]["name"]),
        (&json!(5.0), &json!("em"))
    );
}
