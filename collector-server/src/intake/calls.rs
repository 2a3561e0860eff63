//! Events that come one by one, each with its own person and consent: from other SDKs and from shop systems.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use firsthand_core::ids;
use firsthand_core::wire::Batch;
use firsthand_inbound::{Call, Refusal};
use http::HeaderMap;

use super::answer::Refused;
use super::events::{self, KnownPerson, Named, connection, within_deadline};
use super::{App, metrics};
use crate::admit::{self, Admitted, Raw, Rejected, Sender};
use crate::signals::Brought;
use crate::store::{Appended, Store as _};

/// What became of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// New in the log.
    Accepted,
    /// Known already.
    Duplicate,
    /// Refused, and kept in quarantine unless consent was what it lacked.
    Rejected(Rejected),
}

/// Counts of a request's fates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    pub(super) duplicates: usize,
    pub(super) rejected: Vec<Rejected>,
}

impl Tally {
    /// Counts, and tells the metrics.
    pub(super) fn of(app: &App, sender: &Sender, fates: Vec<Fate>) -> Self {
        let mut tally = Self::default();
        for fate in fates {
            match fate {
                Fate::Accepted => tally.accepted += 1,
                Fate::Duplicate => tally.duplicates += 1,
                Fate::Rejected(rejected) => tally.rejected.push(rejected),
            }
        }
        app.metrics
            .stored(&sender.source, tally.accepted, tally.duplicates);
        metrics::rejected(&sender.source, &tally.rejected);
        tally
    }
}

/// Admits each call by itself and answers when all that was admitted is on disk. `calls` are the events with the text they came in.
pub(super) async fn take(
    app: &App,
    sender: &Sender,
    calls: Vec<(&str, Result<Call<'_>, Refusal>)>,
    received_at_ms: i64,
) -> Result<Vec<Fate>, Refused> {
    let named: Vec<Named<'_>> = calls
        .iter()
        .map(|(_, call)| {
            let call = call.as_ref().ok();
            call.map_or_else(Named::default, |call| Named {
                header: Some(&call.header),
                anonymous_id: anonymous_id(call),
            })
        })
        .collect();
    let known = events::known_people(app, sender, &named).await?;
    let mut fates = Vec::with_capacity(calls.len());
    let mut names = Vec::with_capacity(calls.len());
    let mut appends = Vec::new();
    let mut signals = Vec::new();
    for (index, ((raw, call), known)) in calls.into_iter().zip(known).enumerate() {
        let admitted = match call {
            Ok(call) => admit_call(app, sender, known, raw, call, received_at_ms),
            Err(refusal) => admit::refuse(sender, refusal.code, refusal.message, received_at_ms),
        };
        app.metrics
            .dropped_user_values(admitted.dropped_user_values);
        let rejected = admitted.rejected.into_iter().next();
        fates.push(match rejected {
            Some(rejected) => Fate::Rejected(Rejected { index, ..rejected }),
            None => Fate::Accepted,
        });
        signals.extend(admitted.signal);
        let append = admitted.append;
        names.push(append.events.first().map(|event| event.name.clone()));
        if events::has_something(&append) {
            let is_event = !append.events.is_empty();
            appends.push((is_event.then_some(index), append));
        }
    }
    let (indices, appends): (Vec<_>, Vec<_>) = appends.into_iter().unzip();
    if appends.is_empty() {
        tell_signals(app, sender, &names, &fates, received_at_ms);
        return Ok(fates);
    }
    if !signals.is_empty() {
        within_deadline(app.store.record_consent(signals, None)).await?;
    }
    let answers = within_deadline(app.store.append_all(appends)).await?;
    for (index, answer) in indices.into_iter().zip(answers) {
        let Some((index, fate)) = index.and_then(|index| Some((index, fates.get_mut(index)?)))
        else {
            continue;
        };
        match answer.first() {
            Some(Appended::Duplicate(_)) => *fate = Fate::Duplicate,
            // The person was erased while this request was on its way.
            Some(Appended::Suppressed) => *fate = Fate::Rejected(events::suppressed(index)),
            Some(Appended::Accepted(_)) | None => {}
        }
    }
    tell_signals(app, sender, &names, &fates, received_at_ms);
    Ok(fates)
}

fn tell_signals(app: &App, sender: &Sender, names: &[Option<String>], fates: &[Fate], now_ms: i64) {
    let mut new = Vec::new();
    let (mut duplicates, mut refused) = (0, 0);
    for (name, fate) in names.iter().zip(fates) {
        match fate {
            Fate::Accepted => new.extend(name.as_deref()),
            Fate::Duplicate => duplicates += 1,
            Fate::Rejected(event) => refused += metrics::wrong(std::slice::from_ref(event)),
        }
    }
    let brought = Brought {
        names: &new,
        duplicates,
        refused,
    };
    app.signals.add(&sender.source, brought, now_ms);
}

fn anonymous_id<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let id = call.header.user.anonymous_id.as_deref();
    id.filter(|id| ids::is_uuid(id))
}

fn admit_call(
    app: &App,
    sender: &Sender,
    known: KnownPerson,
    raw: &str,
    call: Call<'_>,
    received_at_ms: i64,
) -> Admitted {
    // Who sends says nothing of the visitor: only what the call tells counts.
    let nobody = HeaderMap::new();
    let here = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let mut connection = connection(app, here, &nobody, sender, &call.header);
    let id = anonymous_id(&call).map(str::to_owned);
    let words = known.words;
    let later = events::joint(&words);
    connection.identifiers = known.identifiers;
    connection.standing = known.standing;
    connection.anonymous_id = id.map(Cow::Owned);
    let batch = Batch {
        sent_at: call.sent_at,
        header: call.header,
        ..Batch::default()
    };
    admit::admit(
        &app.rules,
        sender,
        &connection,
        later.as_ref(),
        (batch, vec![Ok(call.event)]),
        Raw::Event(raw),
        received_at_ms,
    )
}
