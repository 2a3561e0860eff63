//! Batches of pages, from their text to what is kept of them: nothing without consent, no address in clear, no event unaccounted for.
#![no_main]

use std::borrow::Cow;
use std::sync::LazyLock;

use firsthand_collector::admit::{self, Connection, Rules, Sender, admit};
use firsthand_collector::store::SourceKind;
use firsthand_core::consent::Purpose;
use firsthand_core::identity::Digest;
use firsthand_core::ids;
use firsthand_core::wire::{DigestKey, decode_batch, decode_event, decode_header};
use firsthand_fuzz::rules;
use libfuzzer_sys::fuzz_target;

const NOW_MS: i64 = 1_795_471_200_000;

static RULES: LazyLock<Rules> = LazyLock::new(rules);

fuzz_target!(|body: &str| {
    let Ok((batch, events)) = decode_batch(body) else {
        return;
    };
    let count = events.len();
    let choice = batch.header.consent.choice;
    let sender = Sender {
        source: "page".into(),
        kind: SourceKind::Browser,
        default_phone_country: None,
    };
    let connection = Connection {
        ip: Some(Cow::Borrowed("203.0.113.9")),
        user_agent: Some("Mozilla/5.0"),
        ..Connection::default()
    };
    let batch = (batch, events);
    let admitted = admit(&RULES, &sender, &connection, None, batch, body, NOW_MS);
    let kept = &admitted.append;
    assert_eq!(kept.events.len() + admitted.rejected.len(), count);
    for rejected in &admitted.rejected {
        assert!(rejected.index < count);
        assert!(!admit::holds_email(&rejected.message));
    }
    // The connection names no region: the strictest regime, where an absent choice is a no.
    let may = [Purpose::Analytics, Purpose::Marketing]
        .into_iter()
        .any(|purpose| choice.and_then(|choice| choice.answer(purpose)) == Some(true));
    assert!(may || kept.events.is_empty(), "kept without a yes");
    if kept.events.is_empty() {
        return;
    }
    let header = decode_header(&kept.header).expect("a kept header is read again");
    assert!(header.user.clear.is_empty() && header.user.kept.is_empty());
    for (key, value) in &header.user.digests {
        let is_country = *key == DigestKey::Country && value.len() == 2;
        assert!(is_country || Digest::parse(value).is_some(), "no digest");
        assert!(admitted.verdict.allows_match_keys(), "without consent");
    }
    assert!(
        !admit::holds_email(&kept.header),
        "an address in the header"
    );
    for event in &kept.events {
        assert!(ids::is_valid_event_id(&event.event_id));
        let read = decode_event(&event.event).expect("a kept event is read again");
        assert_eq!((&*read.id, &*read.name), (&*event.event_id, &*event.name));
        assert!(!admit::holds_email(&event.event), "an address in an event");
    }
});
