//! What consent frameworks say, as the module hears it.

#![cfg(target_family = "wasm")]

mod page;

use firsthand_core::ids::is_uuid;
use page::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const YES: &str = "1111\ntcf";
const NO: &str = "0000\ntcf";

#[wasm_bindgen_test]
fn while_a_framework_is_awaited_everything_waits_and_nothing_is_lost() {
    for (answer, is_sent) in [(YES, true), (NO, false), ("----\n", false)] {
        start("signals\t1\n");
        sdk::identify("email\tjane@example.com");
        track("share");
        send();
        sdk::hidden();
        assert_eq!((requests(), storage().as_str()), (0, "{}"), "{answer}");
        assert!(sdk::status().contains("\"held\":1"), "{answer}");
        sdk::signal(answer, false);
        send();
        assert_eq!(requests() > 0, is_sent, "{answer}");
        if is_sent {
            assert!(
                last().contains("\"em\":[\"")
                    && last().contains("\"framework\":{\"basis\":\"tcf\"")
            );
            assert!(
                !last().contains("\"basis\":\"explicit\""),
                "no choice of ours"
            );
        }
    }
    // Without an answer the rule of the region decides.
    start("signals\t1\nregime\topt_out\n");
    track("share");
    sdk::signal("----\n", false);
    send();
    assert_eq!(requests(), 1);
}

#[wasm_bindgen_test]
fn what_an_earlier_page_kept_waits_for_the_framework_too() {
    start("signals\t1\n");
    sdk::signal(YES, false);
    track("share");
    let id = stored("fh.a");
    let options = "writeKey\tpk\nendpoint\thttps://t.example\nsignals\t1\n";
    sdk::start(options);
    send();
    assert_eq!((requests(), stored("fh.a")), (0, id.clone()));
    sdk::signal(YES, false);
    send();
    assert!(last().contains("share") && last().contains(&id[..36]));
    // The framework takes it back between two pages: what was kept goes, and the collector hears under which id.
    sdk::start(options);
    assert_eq!(sdk::signal(NO, false), id[..36]);
    assert_eq!(storage(), "{}");
}

#[wasm_bindgen_test]
fn any_no_wins_and_the_visitors_own_choice_stays_theirs() {
    start("");
    sdk::choose("1111", "banner", false);
    let choice = stored("fh.c");
    track("share");
    sdk::signal("0000\ngpp", false);
    track("share");
    send();
    assert_eq!(requests(), 0);
    assert_eq!(stored("fh.c"), choice);
    sdk::signal("----\n", false);
    track("share");
    send();
    assert_eq!((requests(), ids_in_last()), (1, 1));
    // A framework's yes does not undo the visitor's no.
    start("");
    sdk::choose("0000", "banner", false);
    sdk::signal(YES, false);
    track("share");
    send();
    assert_eq!(requests(), 0);
}

#[wasm_bindgen_test]
fn the_collector_is_told_of_a_framework_when_that_is_news() {
    start("signals\t1\n");
    assert_eq!(sdk::signal(YES, true), "", "not settled");
    track("share");
    let id = sdk::signal(YES, false);
    assert!(is_uuid(&id), "{id}");
    assert_eq!(sdk::signal(YES, false), "");
    sdk::start("writeKey\tpk\nendpoint\thttps://t.example\nsignals\t1\n");
    assert_eq!(sdk::signal(YES, false), "", "told by the page before");
    assert_eq!(sdk::signal("1110\ntcf", false), id);
    assert_eq!(sdk::signal(NO, false), id);
    assert_eq!(sdk::signal(NO, false), "");
    start("signals\t1\n");
    assert_eq!(
        sdk::signal(NO, false),
        "",
        "a visitor without an id gets none"
    );
}

#[wasm_bindgen_test]
fn a_text_that_is_no_answer_grants_nothing() {
    for text in ["11111\ntcf", "11\ntcf", "1x11\ntcf", "\ntcf", "yes\n", ""] {
        start("signals\t1\n");
        sdk::signal(text, false);
        track("share");
        send();
        assert_eq!(requests(), 0, "{text:?}");
    }
}
