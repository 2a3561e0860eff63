//! The module against a browser's storage.

#![cfg(target_family = "wasm")]

mod page;

use std::borrow::Cow;

use firsthand_core::ids::is_uuid;
use firsthand_core::wire::{BrowserKey, DigestKey, decode_batch};
use page::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn before_the_choice_nothing_is_stored_or_sent() {
    start("");
    track("share");
    sdk::identify("email\tjane@example.com");
    send();
    sdk::hidden();
    assert_eq!((requests(), storage().as_str()), (0, "{}"));
    assert!(sdk::status().contains("\"held\":1"));
    sdk::choose("1111", "explicit", false);
    send();
    assert_eq!((requests(), ids_in_last()), (1, 1));
}

#[wasm_bindgen_test]
fn a_no_forgets_and_keeps_only_the_choice() {
    start("");
    track("share");
    sdk::choose("0000", "explicit", false);
    track("share");
    send();
    assert_eq!(requests(), 0);
    assert!(storage().starts_with("{\"fh.c\":") && !storage().contains("fh.e"));
    assert!(sdk::status().contains("\"consent_denied\":2"));
}

#[wasm_bindgen_test]
fn a_withdrawal_between_queue_and_send_stops_the_send() {
    start("regime\tnone\n");
    track("share");
    sdk::flush();
    sdk::choose("0000", "explicit", false);
    sdk::locked(true);
    assert_eq!(requests(), 0);
}

#[wasm_bindgen_test]
fn the_header_holds_what_consent_allows() {
    for (answers, has_match_keys) in [("1111", true), ("0111", false), ("1110", false)] {
        start("");
        sdk::identify("email\tjane@example.com\nuserId\tc-7");
        sdk::choose(answers, "explicit", false);
        track("share");
        send();
        let body = last();
        assert_eq!(body.contains("\"em\":["), has_match_keys, "{answers}");
        assert_eq!(
            body.contains("\"gclid\":\"Cj0\""),
            has_match_keys,
            "{answers}"
        );
        assert!(body.contains("\"user_id\":\"c-7\"") && body.contains("\"regime\":\"opt_in\""));
        assert!(body.contains("\"sdk\":\"web/"), "{answers}");
        sdk::sent(202, -1.0);
    }
}

#[wasm_bindgen_test]
fn a_batch_too_large_is_halved_and_a_single_event_dropped() {
    start("regime\tnone\n");
    for _ in 0..8 {
        track("share");
    }
    send();
    for want in [8, 4, 2, 1] {
        assert_eq!(ids_in_last(), want);
        sdk::sent(413, -1.0);
    }
    assert!(sdk::status().contains("\"too_large\":1"));
    assert_eq!(ids_in_last(), 1);
    sdk::sent(202, -1.0);
    assert_eq!(ids_in_last(), 2, "the limit grows again");
}

#[wasm_bindgen_test]
fn events_are_removed_only_when_acknowledged() {
    for (status, want_queued) in [(202u16, 0), (0, 2), (200, 2), (429, 2), (500, 2), (401, 2)] {
        start("regime\tnone\n");
        track("share");
        track("login");
        send();
        sdk::sent(status, -1.0);
        let queued = storage().matches("fh.e.").count();
        assert_eq!(queued, want_queued, "{status}");
    }
}

#[wasm_bindgen_test]
fn retry_after_is_obeyed_by_every_tab() {
    start("regime\tnone\n");
    track("share");
    send();
    let before = now();
    sdk::sent(429, 30.0);
    let until: f64 = stored("fh.b").parse().unwrap_or_default();
    assert!(until >= before + 30_000.0 && until <= now() + 31_000.0);
    // Another page of the origin finds the time.
    sdk::start("writeKey\tpk\nendpoint\thttps://t.example\nregime\tnone\n");
    send();
    assert_eq!(requests(), 1);
}

#[wasm_bindgen_test]
fn a_full_storage_leaves_events_in_memory() {
    start("regime\tnone\n");
    fill();
    track("share");
    track("share");
    send();
    assert_eq!(ids_in_last(), 2);
    sdk::sent(202, -1.0);
    assert!(sdk::status().contains("\"queued\":0"));
}

#[wasm_bindgen_test]
fn a_refusal_where_nothing_is_kept_removes_what_another_page_has_kept() {
    start("regime\tnone\n");
    track("share");
    assert!(storage().contains("fh.a") && storage().contains("fh.e."));
    sdk::start("writeKey\tpk\nendpoint\thttps://t.example\nregime\tnone\nstorage\t1\n");
    track("login");
    assert_eq!(
        storage().matches("fh.e.").count(),
        1,
        "the other page's only"
    );
    sdk::choose("0000", "explicit", false);
    assert!(
        storage().starts_with("{\"fh.c\":") && storage().matches("fh.").count() == 1,
        "{}",
        storage()
    );
}

#[wasm_bindgen_test]
fn a_full_outbox_drops_the_oldest_and_conversions_last() {
    start("regime\tnone\nqueueEvents\t3\n");
    sdk::track("purchase", "", "1", "", "", 0.0);
    for id in ["a", "b", "c", "d"] {
        sdk::track("share", "", "", "", id, 0.0);
    }
    send();
    let body = last();
    assert!(body.contains("purchase:1") && body.contains("\"c\"") && body.contains("\"d\""));
    assert!(!body.contains("\"id\":\"a\"") && body.contains("\"queue_full\":2"));
}

#[wasm_bindgen_test]
fn events_of_an_earlier_page_are_adopted_under_their_own_user() {
    start("regime\tnone\n");
    sdk::identify("userId\tone");
    track("share");
    let options = "writeKey\tpk\nendpoint\thttps://t.example\nregime\tnone\n";
    sdk::start(options);
    sdk::identify("userId\ttwo");
    track("login");
    send();
    assert!(last().contains("\"user_id\":\"one\"") && last().contains("share"));
    sdk::sent(202, -1.0);
    assert!(last().contains("\"user_id\":\"two\"") && last().contains("login"));
}

#[wasm_bindgen_test]
fn clear_values_are_in_no_body_and_in_no_storage() {
    start("regime\tnone\n");
    let refused = sdk::identify(
        "email\tJane.Roe@Gmail.com\nphone\t0171 2345678\nfirstName\tZebulon\ncity\tQuaken\nzip\tno\nemail2\tx",
    );
    assert!(!refused.contains("Jane"));
    track("sign_up");
    send();
    let everything = [last(), storage(), sdk::status()].concat().to_lowercase();
    for clear in [
        "jane.roe",
        "janeroe",
        "171 2345678",
        "1712345678",
        "zebulon",
        "quaken",
        "amfuzs5yb2u",
        "6a616e652e726f65",
    ] {
        assert!(!everything.contains(clear), "{clear}");
    }
    assert!(
        last().contains("\"em\":[\"")
            && last().contains("\"em_g\":[\"")
            && last().contains("\"ph_e\":[\"")
    );
}

#[wasm_bindgen_test]
fn a_batch_reads_back_with_the_collectors_decoder() {
    start("");
    sdk::identify("userId\tc-7\nemail\tjane@example.com\nphone\t0171 2345678");
    sdk::choose("1111", "banner", true);
    track("no such event name, far too long: 0123456789012345678901234567890123456789");
    sdk::track(
        "Order Completed",
        r#"{"currency":"EUR","value":59.8,"note":"a \"word\""}"#,
        "1001",
        "",
        "",
        0.0,
    );
    send();
    let body = last();
    let Ok((batch, events)) = decode_batch(&body) else {
        panic!("the collector cannot read the batch");
    };
    let header = &batch.header;
    assert_eq!((&*batch.write_key, events.len()), ("pk", 1));
    assert!(
        header
            .context
            .sdk
            .as_deref()
            .is_some_and(|sdk| sdk.starts_with("web/"))
    );
    assert_eq!(header.context.dropped, [(Cow::Borrowed("invalid_name"), 1)]);
    assert_eq!(header.consent.basis.as_deref(), Some("banner"));
    let choice = header.consent.choice.unwrap_or_default();
    assert_eq!(choice.answers, [Some(true); 4]);
    assert!(choice.after_gpc_notice && choice.policy_version == 1 && choice.at_ms > 0);
    let user = &header.user;
    assert_eq!(user.user_id.as_deref(), Some("c-7"));
    assert!(user.anonymous_id.as_deref().is_some_and(is_uuid));
    for key in [DigestKey::Email, DigestKey::Phone, DigestKey::PhoneE164] {
        assert_eq!(user.digest(key).map(str::len), Some(64), "{key:?}");
    }
    assert!(user.browser_id(BrowserKey::Fbc).is_none());
    for touch in [&header.first_touch, &header.last_touch] {
        let Some(touch) = touch else {
            panic!("an arrival is missing");
        };
        assert_eq!(touch.click_id("gclid"), Some("Cj0"));
        assert_eq!(touch.url, "https://shop.example/p");
    }
    let Some(Ok(event)) = events.first() else {
        panic!("the collector cannot read the event");
    };
    assert_eq!((&*event.id, &*event.name), ("purchase:1001", "purchase"));
    assert!(event.session.is_some() && event.at > 0);
    assert_eq!(event.page.url.as_deref(), Some("https://shop.example/p"));
    assert!(event.props.contains(r#""note":"a \"word\"""#));
}

#[wasm_bindgen_test]
fn what_waits_for_digests_leaves_with_them() {
    start("regime\tnone\n");
    sdk::pause(true);
    sdk::track("purchase", "", "1", "", "", 0.0);
    send();
    assert_eq!(requests(), 0);
    sdk::identify("email\tjane@example.com");
    sdk::pause(false);
    sdk::locked(true);
    assert!(last().contains("purchase:1") && last().contains("\"em\":[\""));
}

#[wasm_bindgen_test]
fn a_choice_names_the_visitor_whose_events_have_left() {
    start("");
    assert_eq!(sdk::choose("0000", "explicit", false), "");
    assert_eq!(sdk::choose("1111", "explicit", false), "");
    track("share");
    let id = sdk::choose("--0-", "explicit", false);
    assert!(is_uuid(&id), "{id}");
    for answers in ["0---", "---0", "-0--"] {
        assert_eq!(sdk::choose(answers, "explicit", false), id, "{answers}");
    }
    // Both purposes that let events be kept are refused: the id was forgotten with the last answer.
    assert_eq!(sdk::choose("0000", "explicit", false), "");
}
