//! A purchase as it lies in the log, and an account, for the tests of every mapping.

use std::fmt::Write as _;
use std::sync::Arc;

use firsthand_core::consent::{PURPOSES, Purpose, Verdict};
use firsthand_core::wire::DigestKey;
use sha2::Digest as _;

use super::{Answer, Batch, Blotter, Destination, Mapped, Outgoing, Verdict as Read};
use crate::forward::config::DestinationConfig;

use crate::forward::consent::Permission;
use crate::forward::merge::merge;
use crate::forward::names::Skip;
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

/// Returns what stands for the digest of a kind: another one for each, so that a test shows which was sent.
pub(super) fn digest(kind: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in sha2::Sha256::digest(kind) {
        write!(out, "{byte:02x}").unwrap();
    }
    out
}

/// Returns the digest of a country.
pub(super) fn country(code: &str) -> String {
    digest(&code.to_lowercase())
}

/// Returns a purchase of a person in the United States of whom everything is known, with a click on every platform.
pub(super) fn known_purchase() -> StoredEvent {
    purchase_from("US")
}

/// The same from another country.
pub(super) fn purchase_from(code: &str) -> StoredEvent {
    let digests: Vec<String> = DigestKey::ALL
        .iter()
        .filter(|key| **key != DigestKey::Country)
        .map(|key| format!(r#""{0}":["{1}"]"#, key.as_str(), digest(key.as_str())))
        .collect();
    let header = format!(
        r#"{{"context":{{"lang":"en-US","screen":"1440x900","ip":"203.0.113.9","ua":"Mozilla/5.0"}},
        "user":{{"anonymous_id":"0199d2a4-0000-7000-8000-000000000001","user_id":"c-77",{},"country":["{}"],
          "sc_cookie1":"8d0c1c39","rdt_uuid":"1795471000000.6f0a"}},
        "touch":{{"last":{{"at":1795471100000,"url":"https://shop.example/p/mug","ref":"","utm":{{}},
          "click":{{"epik":"dj0y-9","ScCid":"a1b2-Cd","rdt_cid":"Zy9_1","li_fat_id":"df5gf5-gh6t7","msclkid":"dd4afccc","twclid":"23opev"}}}}}}}}"#,
        digests.join(","),
        country(code)
    );
    StoredEvent {
        copies: vec![StoredCopy {
            header,
            ..purchase().copies.remove(0)
        }],
        ..purchase()
    }
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

/// Returns a verdict that allows all to a browser that asks not to be sold.
pub(super) fn allow_all_but_gpc() -> Permission {
    Permission {
        gpc: true,
        ..allow_all()
    }
}

/// A destination whose secret is in a file of its own folder.
pub(super) struct Bench {
    pub(super) destination: Arc<dyn Destination>,
    pub(super) blotter: Blotter,
}

impl Bench {
    /// Makes a destination of these keys; `SECRET` in them stands for the place of this secret.
    pub(super) fn new(kind: &str, keys: &str, secret: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, secret).unwrap();
        let place = format!("{{ file = \"{}\" }}", path.display());
        let text = format!("kind = \"{kind}\"\nname = \"x\"\n{keys}").replace("SECRET", &place);
        let config = DestinationConfig::read(text.parse().unwrap()).unwrap();
        let connection = config.connect().unwrap();
        Self {
            destination: connection.destination,
            blotter: connection.blotter,
        }
    }

    pub(super) fn map(&self, event: &StoredEvent) -> Result<Mapped, Skip> {
        self.map_as(event, &allow_all())
    }

    pub(super) fn map_as(
        &self,
        event: &StoredEvent,
        permission: &Permission,
    ) -> Result<Mapped, Skip> {
        self.destination
            .map(&merge(event).unwrap(), permission, NOW_MS)
    }

    /// Returns the event as the platform gets it.
    pub(super) fn json(&self, event: &StoredEvent) -> Result<serde_json::Value, Skip> {
        self.map(event)
            .map(|mapped| serde_json::from_str(&mapped.event).unwrap())
    }

    pub(super) fn request(&self, envelope: &str, events: &[&str]) -> Outgoing {
        let ids: Vec<String> = (0..events.len()).map(|n| format!("e{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.destination.request(&Batch {
            envelope,
            events,
            event_ids: &ids,
            now_ms: NOW_MS,
            token: None,
        })
    }

    /// Reads the answer to a request of this many events, its words fit to be kept.
    pub(super) fn read(&self, answer: &Answer, events: usize) -> Read<String> {
        let ids: Vec<String> = (0..events).map(|n| format!("e{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let batch = Batch {
            envelope: "",
            events: &vec!["{}"; events],
            event_ids: &ids,
            now_ms: NOW_MS,
            token: None,
        };
        self.destination
            .interpret(answer, &batch)
            .map(|words| words.kept(&self.blotter))
    }
}

/// Returns an answer.
pub(super) fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.to_owned(),
        ..Answer::default()
    }
}

/// Returns a verdict in one word.
pub(super) fn label(verdict: &Read<String>) -> &'static str {
    match verdict {
        Read::Delivered => "delivered",
        Read::Checked => "checked",
        Read::Retry { class, .. } => class.as_str(),
        Read::Unauthorized { .. } => "unauthorized",
        Read::RejectedEvents { .. } => "events",
        Read::RejectedBatch { .. } => "batch",
        Read::MalformedClickId { .. } => "click",
        Read::Each(_) => "each",
    }
}
