//! One look at what is due and what is new: which events may go, and why the others may not.

use std::collections::HashMap;

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::wire::{ConsentEvidence, Word, decode_header};

use super::breaker::Permit;
use super::confirm::Trust;
use super::consent::{Permission, permission};
use super::delivery::Channel;
use super::merge::{Merged, happened_at_ms, merge};
use super::names::Skip;
use super::plan::Plan;
use super::schedule::{Candidate, Timing, timing};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::{BlindKey, Identifier, Standing, joint_word};
use crate::store::{
    ConsentChange, ConsentMark, Due, Outcome, OutcomeRow, Seq, Store, StoreError, StoredEvent,
};

/// Why an event is not sent that is not there any more.
const ERASED: &str = "the event was erased, or emptied to make room";

/// What a look brought.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Events that may be sent.
    pub(super) candidates: Vec<Candidate>,
    /// What was decided without a request.
    pub(super) rows: Vec<OutcomeRow>,
    /// How far the log was read.
    pub(super) cursor: Option<Seq>,
}

impl Look {
    /// Whether there was nothing to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.rows.is_empty() && self.cursor.is_none()
    }
}

/// Looks at what is due, then at what is new in the log after `cursor`.
pub(super) async fn look<S: Store>(
    store: &S,
    channel: &Channel,
    cursor: Seq,
    permit: Permit,
) -> Result<Look, StoreError> {
    let limit = channel.plan.round_events();
    let mut look = Look::default();
    if permit == Permit::Probe {
        // A fresh event probes before one that failed: the failure may have been the event's own.
        look_at_log(store, channel, cursor, limit, true, &mut look).await?;
        if look.candidates.is_empty() {
            look_at_due(store, channel, 1, &mut look).await?;
        }
        return Ok(look);
    }
    let due = look_at_due(store, channel, limit, &mut look).await?;
    // However much waits for its retry, what is new gets its share.
    let room = limit.saturating_sub(due).max(limit / 4);
    look_at_log(store, channel, cursor, room, false, &mut look).await?;
    Ok(look)
}

async fn look_at_log<S: Store>(
    store: &S,
    channel: &Channel,
    cursor: Seq,
    limit: usize,
    is_probe: bool,
    look: &mut Look,
) -> Result<(), StoreError> {
    let events = store.read_log(cursor, limit).await?;
    let words = later_words(store, &events).await?;
    for event in &events {
        judge(channel, event, 0, &words, look);
        look.cursor = Some(event.seq);
        if is_probe && !look.candidates.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Returns how many were due.
async fn look_at_due<S: Store>(
    store: &S,
    channel: &Channel,
    limit: usize,
    look: &mut Look,
) -> Result<usize, StoreError> {
    let due = store.due(&channel.plan.name, channel.now(), limit).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let events = store
        .read_events(due.iter().map(|due| due.seq).collect())
        .await?;
    let words = later_words(store, &events).await?;
    let by_seq: HashMap<Seq, &StoredEvent> =
        events.iter().map(|event| (event.seq, event)).collect();
    for Due {
        seq,
        attempts,
        is_asked_again,
    } in &due
    {
        if *is_asked_again {
            channel.observer.asked_again();
        }
        if let Some(event) = by_seq.get(seq) {
            judge(channel, event, *attempts, &words, look);
        } else {
            let skip = Skip::new("erased", ERASED);
            suppress(channel, *seq, *attempts, skip, look);
        }
    }
    Ok(due.len())
}

/// What was said of the people of some events after the events.
#[derive(Default)]
struct Words {
    /// The latest words, by the name they are kept under.
    by_name: HashMap<String, (String, i64)>,
    /// What is known of the person behind an identifier.
    standings: HashMap<BlindKey, Standing>,
    /// By what each copy names its person, event by event.
    named: HashMap<Seq, Vec<Named>>,
    /// When they were asked for.
    asked: ConsentMark,
}

impl Words {
    /// The names under which words on consent of an event's people may be kept.
    fn names_of(&self, seq: Seq) -> Vec<String> {
        let copies = self.named.get(&seq).into_iter().flatten();
        copies.flat_map(Named::names).collect()
    }
}

/// By what a copy of an event names its person.
struct Named {
    anonymous_id: Option<String>,
    identifiers: Vec<Identifier>,
}

impl Named {
    /// The names under which words on consent of this person may be kept.
    fn names(&self) -> impl Iterator<Item = String> {
        let others = self.identifiers.iter().filter_map(Identifier::word_name);
        self.anonymous_id.clone().into_iter().chain(others)
    }
}

/// Reads the latest words on consent of every person among these events, and what they refused elsewhere.
async fn later_words<S: Store>(store: &S, events: &[StoredEvent]) -> Result<Words, StoreError> {
    let mut words = Words {
        asked: store.consent_mark(),
        ..Words::default()
    };
    let (mut names, mut keys) = (Vec::new(), Vec::new());
    for event in events {
        let named: Vec<Named> = named(store.key_ring(), event).collect();
        for copy in &named {
            names.extend(copy.names());
            keys.extend(copy.identifiers.iter().map(|identifier| identifier.key));
        }
        words.named.insert(event.seq, named);
    }
    names.sort_unstable();
    names.dedup();
    keys.sort_unstable();
    keys.dedup();
    if names.is_empty() {
        return Ok(words);
    }
    let changes = store.latest_consent(names).await?;
    words.by_name = changes
        .into_iter()
        .map(|change: ConsentChange| {
            let header = format!("{{\"consent\":{}}}", change.evidence);
            (change.anonymous_id, (header, change.received_at_ms))
        })
        .collect();
    words.standings = store.standings(keys).await?.into_iter().collect();
    Ok(words)
}

fn judge(channel: &Channel, event: &StoredEvent, attempts: u32, words: &Words, look: &mut Look) {
    let now = channel.now();
    if event.copies.is_empty() {
        let skip = Skip::new("erased", ERASED);
        suppress(channel, event.seq, attempts, skip, look);
        return;
    }
    let plan = &channel.plan;
    let happened_ms = happened_at_ms(event);
    let waits = |outcome| row(event.seq, attempts, now, outcome);
    match plan
        .confirm
        .standing(event, happened_ms, now, plan.max_age_ms)
    {
        Trust::Confirmed => {}
        Trust::Waits(until_ms) => {
            channel.observer.unconfirmed();
            look.rows.push(waits(Outcome::Unconfirmed { until_ms }));
            return;
        }
        Trust::Expired(reason) => {
            let skip = Skip::new("unconfirmed", reason);
            suppress(channel, event.seq, attempts, skip, look);
            return;
        }
    }
    match timing(
        happened_ms,
        event.settle_until_ms,
        now,
        plan.max_age_ms,
        plan.longest_settle_ms,
    ) {
        Timing::TooOld(reason) => {
            channel.observer.dead("too_old", &reason);
            look.rows.push(waits(Outcome::Dead { reason }));
            return;
        }
        Timing::Waits(until_ms) => {
            look.rows.push(waits(Outcome::Waiting { until_ms }));
            return;
        }
        Timing::Now => {}
    }
    let merged = match merge(event) {
        Ok(merged) => merged,
        Err(error) => {
            let reason = error.to_string();
            channel.observer.dead("unreadable", &reason);
            look.rows
                .push(row(event.seq, attempts, now, Outcome::Dead { reason }));
            return;
        }
    };
    match prepare(channel, event, merged, words, now) {
        Err(skip) => suppress(channel, event.seq, attempts, skip, look),
        Ok(mapped) => {
            if mapped.dropped_params > 0 {
                channel.observer.params_dropped(mapped.dropped_params);
            }
            let received_ms = event.copies.iter().map(|copy| copy.received_at_ms).min();
            look.candidates.push(Candidate {
                seq: event.seq,
                event_id: event.event_id.clone(),
                attempts,
                ready_ms: event.settle_until_ms.max(received_ms.unwrap_or(now)),
                mapped,
                anonymous_ids: words.names_of(event.seq),
                asked: words.asked,
            });
        }
    }
}

fn prepare(
    channel: &Channel,
    event: &StoredEvent,
    mut merged: Merged<'_>,
    words: &Words,
    now: i64,
) -> Result<super::destinations::Mapped, Skip> {
    let plan = &channel.plan;
    let permission = last_word(plan, event, &merged, words, now)?;
    remove_unshared(&mut merged, permission.verdict);
    let mapped = channel.destination.map(&merged, &permission, now)?;
    if mapped.event.len() + mapped.envelope.len() > plan.max_body_bytes {
        return Err(Skip::new(
            "too_large",
            format!(
                "the event has {} bytes in the platform's form, at most {} allowed",
                mapped.event.len(),
                plan.max_body_bytes
            ),
        ));
    }
    if plan.is_dry_run {
        return Err(Skip::new("dry_run", "dry run"));
    }
    Ok(mapped)
}

/// Asks for the last word on consent. Copies may name the person by different ids: what was taken back
/// under any of them is taken back.
fn last_word(
    plan: &Plan,
    event: &StoredEvent,
    merged: &Merged<'_>,
    words: &Words,
    now: i64,
) -> Result<Permission, Skip> {
    let decide = |later: Option<&Word<'_>>| {
        permission(&plan.policy, &merged.consent, later, &plan.requires, now)
    };
    let mut joint: Option<Permission> = None;
    let mut standing = Standing::default();
    for copy in words.named.get(&event.seq).into_iter().flatten() {
        let keys = copy.identifiers.iter().map(|identifier| identifier.key);
        for known in keys.filter_map(|key| words.standings.get(&key)) {
            standing = standing.and(*known);
        }
        let Some(word) = latest_of(copy, words) else {
            continue;
        };
        let one = decide(Some(&word))?;
        joint = Some(match joint {
            None => one,
            Some(before) => before.and(&one),
        });
    }
    if standing.is_suppressed {
        return Err(Skip::new(
            "suppressed",
            "its person was erased and is kept out",
        ));
    }
    let permission = joint.map_or_else(|| decide(None), Ok)?;
    permission.without(
        standing.refused,
        merged.consent.said_at_ms(),
        &plan.requires,
    )
}

/// What was said of the person of a copy, under any name.
fn latest_of<'w>(copy: &Named, words: &'w Words) -> Option<Word<'w>> {
    let said = copy.names().filter_map(|name| words.by_name.get(&name));
    joint_word(said.map(|(header, received_at_ms)| {
        Word {
            // What cannot be read is no grant.
            evidence: decode_header(header)
                .map_or_else(|_| ConsentEvidence::default(), |header| header.consent),
            received_at_ms: *received_at_ms,
        }
    }))
}

/// By what the copies of an event name its person.
fn named(ring: &KeyRing, event: &StoredEvent) -> impl Iterator<Item = Named> {
    event.copies.iter().filter_map(|copy| {
        let user = decode_header(&copy.header).ok()?.user;
        Some(Named {
            identifiers: ring.identifiers(&user),
            anonymous_id: user.anonymous_id.map(std::borrow::Cow::into_owned),
        })
    })
}

/// Removes what the verdict of this moment does not allow to leave: it may be narrower than the one at
/// the door, and an operator may require fewer purposes than sharing needs.
fn remove_unshared(merged: &mut Merged<'_>, verdict: Verdict) {
    if !verdict.allows_match_keys() {
        merged.user.remove_match_keys();
        for touch in [&mut merged.first_touch, &mut merged.last_touch]
            .into_iter()
            .flatten()
        {
            touch.click.clear();
        }
    }
    if !verdict.allows(Purpose::Marketing) {
        merged.context.ip = None;
    }
}

fn suppress(channel: &Channel, seq: Seq, attempts: u32, skip: Skip, look: &mut Look) {
    channel.observer.suppressed(skip.code);
    let outcome = Outcome::Suppressed {
        reason: skip.reason,
    };
    look.rows.push(row(seq, attempts, channel.now(), outcome));
}

fn row(seq: Seq, attempts: u32, at_ms: i64, outcome: Outcome) -> OutcomeRow {
    OutcomeRow {
        seq,
        outcome,
        attempts,
        at_ms,
        attempt: None,
    }
}
