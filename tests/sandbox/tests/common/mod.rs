//! A sandbox with a stopped clock, and valid requests to bend.
#![allow(dead_code, reason = "each test file uses its own part")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use firsthand_sandbox::{Sandbox, SandboxConfig, SandboxState};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The stopped clock: 2026-11-23T22:00:00Z.
pub(crate) const NOW_S: i64 = 1_795_471_200;
pub(crate) const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";

pub(crate) struct Bench {
    pub(crate) router: Router,
    pub(crate) state: SandboxState,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
    pub(crate) is_broken: bool,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(SandboxConfig::default())
    }

    pub(crate) fn with(config: SandboxConfig) -> Self {
        let sandbox = Sandbox::new(SandboxConfig {
            now_ms: || NOW_S * 1_000,
            ..config
        });
        Self {
            router: sandbox.router(),
            state: sandbox.state(),
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("router is infallible");
        let (parts, body) = response.into_parts();
        let read = to_bytes(body, usize::MAX).await;
        let is_broken = read.is_err();
        let text = String::from_utf8_lossy(&read.unwrap_or_default()).into_owned();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            is_broken,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("request"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            Request::post(path)
                .body(Body::from(body.to_string()))
                .expect("request"),
        )
        .await
    }

    pub(crate) async fn bearer(&self, path: &str, token: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .expect("request");
        self.send(request).await
    }

    pub(crate) async fn meta(&self, body: &Value) -> Answer {
        self.post(
            "/meta/v26.0/1000000000000001/events?access_token=EAAsandbox",
            body,
        )
        .await
    }

    pub(crate) async fn tiktok(&self, body: &Value) -> Answer {
        let request = Request::post("/tiktok/open_api/v1.3/event/track/")
            .header("access-token", "tt-sandbox")
            .body(Body::from(body.to_string()))
            .expect("request");
        self.send(request).await
    }

    pub(crate) async fn ga4(&self, body: &Value) -> Answer {
        self.post(
            "/ga4/mp/collect?measurement_id=G-SANDBOX01&api_secret=ga4-sandbox",
            body,
        )
        .await
    }

    pub(crate) async fn events(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/control/events?{query}")).await;
        answer.body["events"].as_array().cloned().expect("events")
    }
}

/// Sets `pointer` to `value`; a null removes the member.
pub(crate) fn bend(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("pointer");
    let parent = body.pointer_mut(parent).expect("parent");
    match (parent, value) {
        (Value::Object(map), Value::Null) => {
            map.remove(key);
        }
        (Value::Object(map), value) => {
            map.insert(key.to_owned(), value);
        }
        (Value::Array(list), value) => list[key.parse::<usize>().expect("index")] = value,
        _ => panic!("no such place"),
    }
    body
}

pub(crate) fn meta_purchase() -> Value {
    json!({ "data": [{
        "event_name": "Purchase", "event_time": NOW_S - 60, "event_id": "purchase:1001",
        "event_source_url": "https://shop.example/thanks", "action_source": "website",
        "user_data": {
            "em": [DIGEST], "client_ip_address": "203.0.113.7", "client_user_agent": "Mozilla/5.0",
            "fbc": "fb.1.1795471000000.IwAR2_x-Y", "fbp": "fb.1.1795470000000.1098115397"
        },
        "custom_data": {
            "value": 59.8, "currency": "EUR", "order_id": "1001", "content_type": "product",
            "content_ids": ["mug-01"], "contents": [{ "id": "mug-01", "quantity": 2, "item_price": 29.9 }]
        }
    }]})
}

pub(crate) fn tiktok_purchase() -> Value {
    json!({ "event_source": "web", "event_source_id": "CSANDBOX0001", "data": [{
        "event": "Purchase", "event_time": NOW_S - 60, "event_id": "purchase:1001",
        "user": { "email": DIGEST, "ip": "203.0.113.7", "user_agent": "Mozilla/5.0", "ttclid": "E.C.P.abc" },
        "page": { "url": "https://shop.example/thanks" },
        "properties": {
            "value": 59.8, "currency": "EUR", "content_type": "product", "order_id": "1001",
            "contents": [{ "content_id": "mug-01", "price": 29.9, "quantity": 2 }]
        }
    }]})
}

pub(crate) fn ga4_purchase() -> Value {
    json!({
        "client_id": "123.456", "timestamp_micros": (NOW_S - 60) * 1_000_000,
        "consent": { "ad_user_data": "GRANTED", "ad_personalization": "DENIED" },
        "events": [{ "name": "purchase", "params": {
            "session_id": "1795471000", "engagement_time_msec": 1, "transaction_id": "1001",
            "value": 59.8, "currency": "EUR",
            "items": [{ "item_id": "mug-01", "price": 29.9, "quantity": 2 }]
        }}]
    })
}

impl Bench {
    pub(crate) async fn clock(&self, offset_s: i64) {
        let answer = self
            .post("/control/clock", &json!({ "offset_s": offset_s }))
            .await;
        assert_eq!(answer.body["offset_s"], offset_s);
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self.post("/control/fault", &fault).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub(crate) async fn tiktok_pixel(&self) {
        let hit = json!({ "event": "Purchase", "event_id": "purchase:1001" });
        assert_eq!(self.post("/tiktok/pixel", &hit).await.status, 204);
    }

    pub(crate) async fn fates(&self, platform: &str) -> Vec<Value> {
        let query = format!("platform={platform}");
        self.events(&query)
            .await
            .iter()
            .map(|e| e["fate"].clone())
            .collect()
    }
}
