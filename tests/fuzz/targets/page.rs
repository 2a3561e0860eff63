//! What the SDK keeps in the browser, edited by a hand: the page goes on, nothing leaves or stays without a yes, and what waits comes to an end.
//!
//! Records, parted by the separators that ASCII has for them: the first is a byte for the shop's options; then `key␟value` edits the storage, and
//! `n…` takes step n of the module with the rest as its text.
#![no_main]

use std::collections::BTreeSet;

use firsthand_core::wire::decode_batch;
use firsthand_web::fuzzing::Page;
use firsthand_web::step;
use libfuzzer_sys::fuzz_target;

const RECORD: char = '\u{1e}';
const UNIT: char = '\u{1f}';
const NOW_MS: f64 = 1_795_471_200_000.0;
const REGIMES: [&str; 3] = ["opt_in", "opt_out", "none"];
/// Sends until everything that waits must be through: each event alone, each after a lock.
const MOST_ANSWERS: usize = 2_000;

fuzz_target!(|text: &str| {
    let mut records = text.split(RECORD);
    let shop = records
        .next()
        .and_then(|word| word.bytes().next())
        .unwrap_or_default();
    let regime = REGIMES[usize::from(shop) % REGIMES.len()];
    let is_memory_only = shop & 16 != 0;
    let mut options = format!("pk\nhttps://t.example\n\n{regime}");
    // Up to `memory_only`, the defaults.
    options.push_str(&"\n".repeat(11));
    options.push_str(if is_memory_only { "1" } else { "" });

    let page = Page::fresh(NOW_MS, shop & 32 != 0);
    let (mut has_started, mut has_chosen) = (false, false);
    // A choice that somebody wrote in the form of one may be a yes.
    let mut may_be_yes = false;
    // Events, segments and their parts are the module's own: it writes them as it reads them.
    let mut is_own = true;
    // What a hand wrote after the start goes with the next change of mind.
    let mut late = BTreeSet::new();
    for record in records.take(64) {
        if let Some((key, value)) = record.split_once(UNIT) {
            page.edit(key, value);
            is_own &= !key.starts_with("fh.e") && !key.starts_with("fh.h");
            may_be_yes |= key == "fh.c" && value.starts_with("1 ");
            if has_started {
                page.step(step::STORAGE, key, 0.0);
                late.insert(key);
            }
            continue;
        }
        if !has_started {
            page.start(&options);
            has_started = true;
        }
        let Some(number) = record.bytes().next() else {
            continue;
        };
        let number = u32::from(number) % 32;
        // The surface writes properties and digests as they are to leave.
        is_own &= number != step::TRACK && number != step::DIGESTS;
        has_chosen |= number == step::CHOOSE || number == step::SIGNAL;
        page.step(
            number,
            record.get(1..).unwrap_or_default(),
            f64::from(number % 2),
        );
        page.answer(202);
    }
    if !has_started {
        page.start(&options);
    }
    let is_no =
        !has_chosen && !may_be_yes && (regime == "opt_in" || !page.stored("fh.c").is_empty());
    let before = page.bodies();
    assert!(
        !is_no || regime != "opt_in" || before.is_empty(),
        "sent without a yes"
    );
    let mut sent = before;
    for answer in [202, 400] {
        page.step(
            step::TRACK,
            "purchase\npurchase:1001\n{\"value\":1}\nThanks",
            0.0,
        );
        page.step(step::PAUSE, "", 0.0);
        page.step(step::FLUSH, "", 0.0);
        if is_no {
            assert!(page.bodies().is_empty(), "sent after a no");
            let needs_consent = |key: &&String| {
                ["a", "b", "e", "f", "h", "s"]
                    .iter()
                    .any(|name| key.starts_with(&format!("fh.{name}")))
            };
            let left: Vec<String> = page.keys();
            let mut early = left
                .iter()
                .filter(|key| !key.contains('\n') && !late.contains(key.as_str()));
            assert!(!early.any(|key| needs_consent(&key)), "{left:?}");
        }
        // An answer that refuses everything empties the outbox too, event by event.
        let mut answers = 0;
        while page.answer(answer) {
            answers += 1;
            assert!(answers < MOST_ANSWERS, "it asks without end");
        }
    }
    sent.extend(page.bodies());
    for body in sent {
        // What was bent may not be a batch any more, and is refused. What is one is of this shop.
        match decode_batch(&body) {
            Ok((batch, events)) => {
                assert_eq!(batch.write_key, "pk");
                assert!(!is_own || events.iter().all(Result::is_ok), "{body}");
            }
            Err(error) => assert!(!is_own, "{error}: {body}"),
        }
    }
});
