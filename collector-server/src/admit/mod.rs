//! From a decoded request to what the store keeps: validate, cleanse, decide consent, name the event.
//!
//! Pure: no I/O; the clock, the connection's facts and a later word on consent are passed in.
//! Promises: what comes out holds no clear personal value (but for what [`Rules::keeps_clear`] says), no unknown query parameter, and nothing that
//! consent does not allow. One bad event never touches another. Refuses with a code of `docs/wire.md`
//! and a message that never holds a value.

mod bots;
mod consent;
#[cfg(test)]
mod consent_tests;
mod event;
mod google;
mod header;
mod person;
mod personal;
mod receipt;
#[cfg(test)]
mod tests;
mod whom;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use firsthand_core::consent::{Policy, Purpose, Regime, Verdict};
use firsthand_core::identity::Country;
use firsthand_core::wire::{
    Batch, BrowserKey, ConsentEvidence, Decided, DecodeError, Event, User, Word,
};
use serde_json::value::RawValue;

use crate::privacy::ledger::{Door, Evidence, Terms};
use crate::privacy::retention::redact;
use crate::privacy::subject::{Identifier, Refusals, Standing, Subject, owner_name};
use crate::store::{Append, ConsentChange, NewEvent, Owner, Quarantined, SourceKind};

pub use bots::is_crawler;
pub use person::identifiers;
pub use receipt::{Heard, receipt};
pub use whom::{WhomError, whom};

/// Clocks that differ by less are taken as equal, in milliseconds.
pub const SKEW_TOLERANCE_MS: i64 = 10_000;

/// What the operator decided, as the rules need it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Policy of the consent decision.
    pub policy: Policy,
    /// Oldest event that is taken, in milliseconds.
    pub max_age_ms: i64,
    /// How far ahead an event may lie, in milliseconds.
    pub max_future_ms: i64,
    /// Whether bots are refused instead of labelled.
    pub refuse_bots: bool,
    /// How long an event waits for its copies unless named below, in milliseconds.
    pub settle_default_ms: i64,
    /// The same by canonical name.
    pub settle_by_event_ms: BTreeMap<String, i64>,
    /// Largest payload that is kept in quarantine, in bytes.
    pub quarantine_payload_bytes: usize,
    /// Whether a destination wants clear e-mail addresses and phone numbers of trusted servers.
    pub keeps_clear: bool,
    /// What every receipt says about the shop.
    pub terms: Arc<Terms>,
}

/// Who sends.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Name of the source.
    pub source: Arc<str>,
    /// Its kind.
    pub kind: SourceKind,
    /// Country of phone numbers without a country code.
    pub default_phone_country: Option<Country>,
}

/// What the connection tells.
#[derive(Debug, Clone, Default)]
pub struct Connection<'a> {
    /// The visitor's address.
    pub ip: Option<Cow<'a, str>>,
    /// The visitor's user agent.
    pub user_agent: Option<&'a str>,
    /// The browser sends `Sec-GPC: 1`.
    pub gpc: bool,
    /// Regime by the visitor's region and the configuration.
    pub regime: Regime,
    /// The law of the visitor's region demands that Global Privacy Control is honoured.
    pub is_gpc_required: bool,
    /// The browser's first-party id, where the cookie or the collector decides it.
    pub anonymous_id: Option<Cow<'a, str>>,
    /// Origin of the page.
    pub origin: Option<&'a str>,
    /// Google's click ids in the cookies that the request carries.
    pub google_clicks: Vec<(BrowserKey, String)>,
    /// Other platforms' ids in the cookies that the request carries.
    pub platform_ids: Vec<(BrowserKey, String)>,
    /// Where the visitor is, as far as it is known: ISO 3166-2 (`US-CA`), or the country alone.
    pub region: Option<String>,
    /// By what the request names its person ([`identifiers`]).
    pub identifiers: Vec<Identifier>,
    /// What is known of that person.
    pub standing: Standing,
}

/// One event that was not admitted, for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the request.
    pub index: usize,
    /// Its id, as far as it could be read and may be repeated.
    pub id: Option<String>,
    /// Code of the reason.
    pub code: &'static str,
    /// The reason in words.
    pub message: String,
}

/// What became of a request.
#[derive(Debug)]
pub struct Admitted {
    /// What the store gets.
    pub append: Append,
    /// What the sender is told.
    pub rejected: Vec<Rejected>,
    /// What consent allows.
    pub verdict: Verdict,
    /// A Global Privacy Control that is not known of this browser yet, as a word on consent: it stays, where the signal does not. Kept before
    /// the events are: a signal without them says nothing wrong, events without it may be shared.
    pub signal: Option<ConsentChange>,
    /// Digests and ids that were not of their form and were left out.
    pub dropped_user_values: usize,
}

impl Admitted {
    fn empty(sender: &Sender, received_at_ms: i64) -> Self {
        Self {
            append: Append {
                source: Arc::clone(&sender.source),
                kind: sender.kind,
                received_at_ms,
                header: String::new(),
                events: Vec::new(),
                quarantined: Vec::new(),
                receipt: None,
                owner: Owner::default(),
                subject: Subject::default(),
            },
            rejected: Vec::new(),
            verdict: Verdict::default(),
            signal: None,
            dropped_user_values: 0,
        }
    }
}

/// Why one event is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
}

impl Refusal {
    pub(crate) const fn new(code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            message: Cow::Borrowed(message),
        }
    }
}

/// Code of an event whose person was erased and is kept out.
pub const SUPPRESSED: &str = "suppressed";
/// The same in words.
pub const SUPPRESSED_MESSAGE: &str = "this person was erased and is kept out";

/// Whom the request is about, and what the store may learn from it: that its identifiers are one person, where
/// the request's own consent lets them be matched, or did before a later no that has to hold for them too.
fn subject(connection: &Connection<'_>, decided: Decided, later: Option<&Word<'_>>) -> Subject {
    let said_no = later.map_or_else(Refusals::default, |word| {
        Refusals::by(&word.evidence, decided.verdict)
    });
    Subject {
        identifiers: connection.identifiers.clone(),
        may_link: decided.own.allows_match_keys() || decided.verdict.allows_match_keys(),
        refused: said_no.and(connection.standing.refused),
    }
}

/// Returns how far the sender's clock is behind ours, in milliseconds; zero within the tolerance.
pub fn clock_skew_ms(sent_at_ms: i64, received_at_ms: i64) -> i64 {
    let skew = received_at_ms.saturating_sub(sent_at_ms);
    if sent_at_ms <= 0 || skew.saturating_abs() <= SKEW_TOLERANCE_MS {
        0
    } else {
        skew
    }
}

/// Where the text of a refused event is, for the quarantine.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'b> {
    /// Somewhere in this body; looked for only where it is needed.
    Body(&'b str),
    /// This is it: the request is about one event.
    Event(&'b str),
}

impl<'b> From<&'b str> for Raw<'b> {
    fn from(body: &'b str) -> Self {
        Self::Body(body)
    }
}

impl<'b> From<&'b String> for Raw<'b> {
    fn from(body: &'b String) -> Self {
        Self::Body(body)
    }
}

/// Decides about a request. `raw` is its text, for what goes to quarantine as it came.
pub fn admit<'a>(
    rules: &Rules,
    sender: &Sender,
    connection: &Connection<'a>,
    later: Option<&Word<'_>>,
    (mut batch, events): (Batch<'a>, Vec<Result<Event<'a>, DecodeError>>),
    raw: impl Into<Raw<'a>>,
    received_at_ms: i64,
) -> Admitted {
    let raw_texts = raw.into();
    let skew_ms = clock_skew_ms(batch.sent_at, received_at_ms);
    let as_said = batch.header.consent.choice;
    let holds_clear = person::holds_clear_values(&batch.header.user);
    let mut dropped_user_values = header::cleanse(&mut batch.header, sender, connection, skew_ms);
    dropped_user_values +=
        person::settle_clear_values(&mut batch.header.user, sender, rules.keeps_clear);
    google::add_clicks(&mut batch.header, connection);
    person::add_platform_ids(&mut batch.header.user, connection);
    dropped_user_values += person::cleanse(&mut batch.header.user, connection);
    let own = batch.header.consent.choice;
    let decided = consent::decide(
        &rules.policy,
        &mut batch.header.consent,
        connection,
        later,
        received_at_ms,
    );
    let verdict = decided.verdict;
    let subject = subject(connection, decided, later);

    let batch_refusal = if connection.standing.is_suppressed {
        Some(Refusal::new(SUPPRESSED, SUPPRESSED_MESSAGE))
    } else if !verdict.allows_events() {
        Some(Refusal::new(
            "consent_denied",
            "consent allows neither analytics nor marketing",
        ))
    } else if holds_clear && sender.kind == SourceKind::Browser {
        Some(Refusal::new(
            "personal_data",
            "user holds a clear personal value: a page sends digests only",
        ))
    } else if rules.refuse_bots && !batch.header.context.bot.is_empty() {
        Some(Refusal::new("bot", "the sender looks like a bot"))
    } else {
        None
    };

    let mut admitted = Admitted {
        verdict,
        signal: None,
        dropped_user_values,
        ..Admitted::empty(sender, received_at_ms)
    };
    admitted.append.owner.allowed = verdict.allow;
    admitted.append.subject = subject;
    admitted.append.events.reserve(events.len());
    // Raw texts are only needed for quarantine, so they are only then looked for.
    let mut raw_events: Option<Vec<&str>> = None;
    let clock = event::Clock {
        received_at_ms,
        skew_ms,
    };
    for (index, event) in events.into_iter().enumerate() {
        let outcome = match &batch_refusal {
            Some(refusal) => Err(Box::new((refusal.clone(), event.ok()))),
            None => event::admit(rules, sender.kind, &clock, event),
        };
        match outcome {
            Ok(new) => admitted.append.events.push(new),
            Err(refused) => {
                let (refusal, event) = *refused;
                let raw = raw_events.get_or_insert_with(|| raw_events_of(raw_texts));
                let raw = raw.get(index).copied();
                reject(rules, &mut admitted, index, refusal, event.as_ref(), raw);
            }
        }
    }
    if !admitted.append.events.is_empty() {
        let consent = &batch.header.consent;
        let heard = Heard {
            evidence: consent,
            // A later word is known by the time that the store keeps it under.
            as_said: if consent.choice == own {
                as_said
            } else {
                consent.choice
            },
            browser: batch.header.user.anonymous_id.as_deref(),
            also_known_as: None,
            door: Door::Events,
            shown: Evidence::default(),
        };
        let is_known = later.is_some_and(|word| word.evidence.has_standing_signal());
        admitted.signal = batch
            .header
            .user
            .anonymous_id
            .as_deref()
            .filter(|_| consent.has_standing_signal() && !is_known)
            .map(|id| signal_word(consent, id, received_at_ms));
        admitted.append.receipt =
            receipt(rules, sender, connection, heard, verdict, received_at_ms);
        redact(&mut batch.header, verdict);
        let mut text = String::with_capacity(1024);
        batch.header.encode(&mut text);
        admitted.append.header = text;
    }
    admitted.append.owner.id = owner_id(connection, &batch.header.user, verdict);
    admitted
}

/// Whether a text holds an e-mail address, for a fuzz target.
#[cfg(fuzzing)]
pub fn holds_email(text: &str) -> bool {
    personal::holds_email(text)
}

/// Brings the evidence of a later word to our clock and the connection's facts.
pub fn later_evidence(
    evidence: &mut ConsentEvidence<'_>,
    connection: &Connection<'_>,
    skew_ms: i64,
) {
    consent::add_connection(evidence, connection);
    header::correct_times(evidence, skew_ms);
    header::cleanse_basis(evidence);
}

/// Returns the signal of an evidence as a word of its visitor.
fn signal_word(
    evidence: &ConsentEvidence<'_>,
    anonymous_id: &str,
    received_at_ms: i64,
) -> ConsentChange {
    let mut text = String::with_capacity(64);
    evidence.signal_alone().encode(&mut text);
    ConsentChange {
        anonymous_id: anonymous_id.to_owned(),
        evidence: text,
        received_at_ms,
    }
}

/// Whether the visitor, or a framework for them, takes back every purpose that lets an event be kept.
pub fn withdraws_all(evidence: &ConsentEvidence<'_>) -> bool {
    [Purpose::Analytics, Purpose::Marketing]
        .into_iter()
        .all(|purpose| {
            let own = evidence.choice.and_then(|choice| choice.answer(purpose));
            let theirs = evidence
                .framework
                .and_then(|framework| framework.answer(purpose));
            own == Some(false) || theirs == Some(false)
        })
}

/// Returns what names the person best, as far as consent allows it to be used.
fn owner_id(connection: &Connection<'_>, user: &User<'_>, verdict: Verdict) -> Option<String> {
    let id = user.anonymous_id.as_deref();
    let others = if verdict.allows_match_keys() {
        connection.identifiers.as_slice()
    } else {
        &[]
    };
    owner_name(id.filter(|_| verdict.allows_events()), others)
}

/// Refuses a message that is no event at all. Its text is not kept: what it says of consent could not be read.
pub fn refuse(
    sender: &Sender,
    code: &'static str,
    message: Cow<'static, str>,
    received_at_ms: i64,
) -> Admitted {
    let mut admitted = Admitted::empty(sender, received_at_ms);
    admitted.append.quarantined.push(Quarantined {
        event_id: None,
        name: None,
        code,
        message: message.clone().into_owned(),
        payload: None,
    });
    admitted.rejected.push(Rejected {
        index: 0,
        id: None,
        code,
        message: message.into_owned(),
    });
    admitted
}

fn raw_events_of(raw: Raw<'_>) -> Vec<&str> {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
    }
    match raw {
        Raw::Event(text) => vec![text],
        Raw::Body(text) => serde_json::from_str::<Body<'_>>(text).map_or_else(
            |_| Vec::new(),
            |body| body.events.into_iter().map(RawValue::get).collect(),
        ),
    }
}

fn reject(
    rules: &Rules,
    admitted: &mut Admitted,
    index: usize,
    refusal: Refusal,
    event: Option<&Event<'_>>,
    raw: Option<&str>,
) {
    let id = event
        .map(|event| event.id.as_ref())
        .filter(|id| firsthand_core::ids::is_valid_event_id(id) && !personal::holds_email(id))
        .map(str::to_owned);
    // Without consent nothing is kept, not even the fact under an id; of who was erased neither.
    if refusal.code != "consent_denied" && refusal.code != SUPPRESSED {
        let name = event
            .map(|event| firsthand_core::catalogue::canonical(&event.name))
            .filter(|name| firsthand_core::catalogue::is_valid(name))
            .map(Cow::into_owned);
        let payload = raw
            .filter(|raw| {
                refusal.code != "personal_data"
                    && raw.len() <= rules.quarantine_payload_bytes
                    && !personal::holds_personal_data(raw)
            })
            .map(str::to_owned);
        admitted.append.quarantined.push(Quarantined {
            event_id: id.clone(),
            name,
            code: refusal.code,
            message: refusal.message.clone().into_owned(),
            payload,
        });
    }
    admitted.rejected.push(Rejected {
        index,
        id,
        code: refusal.code,
        message: refusal.message.into_owned(),
    });
}

/// Returns how long an event waits for its other copies, in milliseconds.
fn settle_ms(rules: &Rules, name: &str) -> i64 {
    rules
        .settle_by_event_ms
        .get(name)
        .copied()
        .unwrap_or(rules.settle_default_ms)
}

fn new_event(rules: &Rules, clock: &event::Clock, name: &str, event: &Event<'_>) -> NewEvent {
    let mut text = String::with_capacity(256 + event.props.len());
    event.encode(&mut text);
    NewEvent {
        name: name.to_owned(),
        event_id: event.id.as_ref().to_owned(),
        at_ms: event.at,
        settle_until_ms: clock.received_at_ms.saturating_add(settle_ms(rules, name)),
        event: text,
    }
}
