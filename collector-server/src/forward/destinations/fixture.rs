//! A purchase as it lies in the log, for the tests of every mapping.

use firsthand_core::consent::{PURPOSES, Purpose, Verdict};

use crate::forward::consent::Permission;
use crate::store::{SourceKind, StoredCopy, StoredEvent};

pub(super) const NOW_MS: i64 = 1_795_471_200_000;
pub(super) const EM: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
pub(super) const PH: &str = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176";

/// Returns a stored event of one browser copy.
pub(super) fn stored(name: &str, header: &str, event: &str) -> StoredEvent {
    StoredEvent {
        seq: 1,
        name: name.to_owned(),
        event_id: "purchase:1001".to_owned(),
        at_ms: NOW_MS - 10_000,
        settle_until_ms: 0,
        copies: vec![StoredCopy {
            source: "web".to_owned(),
            kind: SourceKind::Browser,
            received_at_ms: NOW_MS,
            header: header.to_owned(),
            event: event.to_owned(),
        }],
    }
}

/// Returns a full purchase.
pub(super) fn purchase() -> StoredEvent {
    let header = format!(
        r#"{{"context":{{"lang":"en-GB","screen":"1440x900","ip":"203.0.113.9","ua":"Mozilla/5.0"}},
        "user":{{"anonymous_id":"0199d2a4-0000-7000-8000-000000000001","user_id":"c-77",
          "em":["{EM}"],"ph":["{PH}"],"ph_e":["{EM}"],"fn":["{PH}"],"ln":["{EM}"],"zp":["{PH}"],
          "xid":["{EM}"],"xid_t":["{PH}"],
          "fbp":"fb.1.1795471000000.1234567890","ttp":"2F7h37YkS1j57AYSKTI7IHhJPYH","ga_client":"123.456","ga_session":"1795471000"}},
        "touch":{{"last":{{"at":1795471100000,"url":"https://shop.example/p/mug","ref":"","utm":{{}},
          "click":{{"fbclid":"IwAR_aB","ttclid":"E.C.P.x","gclid":"Cj0 K"}}}}}}}}"#
    );
    let event = r#"{"id":"purchase:1001","name":"purchase","at":1,"session":1795471000000,
        "page":{"url":"https://shop.example/thanks","ref":"https://shop.example/checkout","title":"Thank you"},
        "props":{"transaction_id":"1001","currency":"EUR","value":59.80,"tax":9.55,"coupon":"SPRING","gift":true,
        "items":[{"item_id":"mug-01","item_name":"Mug","price":29.9,"quantity":2},{"item_id":"freebie","price":0}]}}"#;
    stored("purchase", &header, event)
}

/// Returns a verdict that allows these purposes.
pub(super) fn allow(purposes: &[Purpose]) -> Permission {
    let mut allow = [false; PURPOSES];
    for purpose in purposes {
        allow[*purpose as usize] = true;
    }
    Permission {
        verdict: Verdict {
            allow,
            ..Verdict::default()
        },
        gpc: false,
    }
}

/// Returns a verdict that allows all.
pub(super) fn allow_all() -> Permission {
    allow(&Purpose::ALL)
}
