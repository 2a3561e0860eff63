//! LinkedIn Conversions API: `POST {base}/rest/conversionEvents`, many events a request.
//!
//! An event has no name here but the id of a conversion rule, so the account maps names to rules; a name
//! without a rule is not sent. LinkedIn has no flag for limited use. Sources: "Conversions API",
//! "Deduplication" and "Conversions FAQ" on learn.microsoft.com; connectors where they are silent, see
//! `docs/destinations/linkedin.md`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, EventVerdict, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, RetryClass, Setup, Verdict, Words, body, click, conversions,
    failed_answer, foreign_answer, hours,
};
use crate::forward::config::{Checks, ConfigError, is_digits};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// LinkedIn. 5000 events a request, 90 days; no size of a body is known, 1 MB is ours. 600 requests a minute
/// are quoted, so one at a time.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "linkedin",
    limits: PlatformLimits {
        base_url: "https://api.linkedin.com",
        max_batch_events: 5_000,
        default_batch_events: 500,
        max_body_bytes: 1_000_000,
        max_event_age: hours(90 * 24),
        default_max_event_age: hours(89 * 24),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[],
        others: Others::Canonical { reserved: &[] },
    },
    account: AccountReader::of::<LinkedInConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Digits of a version: year and month.
const VERSION_DIGITS: usize = 6;

/// The keys of an ad account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkedInConfig {
    /// Token with the scopes `rw_conversions` and `r_ads`.
    access_token: SecretSource,
    /// Canonical event name to conversion rule. Others are not sent.
    conversions: BTreeMap<String, String>,
    /// Version of the API, year and month. LinkedIn ends each after about a year.
    #[serde(default = "default_api_version")]
    api_version: String,
    /// Sends events of visitors who ask not to be sold where the law lets us.
    #[serde(default)]
    send_with_gpc: bool,
}

fn default_api_version() -> String {
    "202604".to_owned()
}

impl Account for LinkedInConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        conversions::validate(
            checks,
            &self.conversions,
            is_digits,
            "must be the id of the conversion rule, digits only",
        )?;
        let is_version = self.api_version.len() == VERSION_DIGITS && is_digits(&self.api_version);
        checks.require(
            "api_version",
            is_version,
            "must be year and month, such as 202604",
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        Ok(setup.connected(self, token))
    }
}

/// An ad account.
type LinkedIn = Connected<LinkedInConfig>;

impl Destination for LinkedIn {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        SPEC.names.of(&self.common, event.name)?;
        let rule = conversions::of(&self.config.conversions, event.name)?;
        conversions::refuse_gpc(self.config.send_with_gpc, permission)?;
        let ids = identifiers(event);
        if ids.is_empty() {
            return Err(Skip::new(
                "no_match_key",
                "linkedin needs an e-mail digest, its click id or an IPv4 address",
            ));
        }
        let mut out = String::with_capacity(512);
        let mut object = Object::begin(&mut out);
        object.text(
            "conversion",
            &format!("urn:lla:llaPartnerConversion:{rule}"),
        );
        // Milliseconds, unlike most.
        object.int("conversionHappenedAt", event.at_ms.min(now_ms));
        object.text("eventId", event.event_id);
        if let (Some(currency), Some(value)) = (event.props.currency, event.props.worth()) {
            let mut worth = Object::begin(object.key("conversionValue"));
            worth.text("currencyCode", currency.as_str());
            body::amount_text(&mut worth, "amount", Some(value));
            worth.end();
        }
        let mut user = Object::begin(object.key("user"));
        body::objects(&mut user, "userIds", &ids, |one, (kind, value)| {
            one.text("idType", kind);
            one.text("idValue", value);
        });
        user.end();
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        body::list(object.key("elements"), batch.events);
        object.end();
        Outgoing::json(format!("{}/rest/conversionEvents", self.base_url), out)
            .header("authorization", format!("Bearer {}", self.token.expose()))
            .header("linkedin-version", self.config.api_version.as_str())
            .header("x-restli-protocol-version", "2.0.0")
            .header("x-restli-method", "BATCH_CREATE")
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        if answer.is_success() {
            return taken(answer, batch.events.len());
        }
        let Ok(failure) = serde_json::from_str::<Failure>(&answer.body) else {
            return foreign_answer(answer);
        };
        let reason = || {
            Words::new(format!("linkedin {}", answer.status))
                .saying(format!("{} {}", failure.code, failure.message).trim())
        };
        if matches!(answer.status, 400 | 413 | 422) {
            let named = event_indexes(&failure.message, batch.events.len());
            if !named.is_empty() {
                let events = named.into_iter().map(|index| (index, reason()));
                return Verdict::RejectedEvents {
                    events: events.collect(),
                };
            }
        }
        // The version has ended. Somebody must act, as with a rule that is not there (403).
        if answer.status == 426 {
            return Verdict::Unauthorized { reason: reason() };
        }
        failed_answer(answer, reason())
    }
}

#[derive(Deserialize)]
struct Taken {
    elements: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    status: u16,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    code: String,
    message: String,
}

/// Reads an answer that all is well, or of what is not: one status an event, in the order of the request.
fn taken(answer: &Answer, sent: usize) -> Verdict {
    if answer.body.trim().is_empty() {
        return Verdict::Delivered;
    }
    let Ok(Taken { elements }) = serde_json::from_str(&answer.body) else {
        return foreign_answer(answer);
    };
    if elements.len() != sent {
        return foreign_answer(answer);
    }
    if elements.iter().all(|element| element.status < 300) {
        return Verdict::Delivered;
    }
    Verdict::Each(elements.into_iter().map(Element::read).collect())
}

impl Element {
    fn read(self) -> EventVerdict {
        let failure = self.error.unwrap_or_default();
        let reason = Words::new(format!("linkedin {}", self.status))
            .saying(format!("{} {}", failure.code, failure.message).trim());
        let retry = |class, reason| EventVerdict::Retry { class, reason };
        match self.status {
            200..=299 => EventVerdict::Delivered,
            429 => retry(RetryClass::Throttled, reason),
            500..=599 => retry(RetryClass::Transient, reason),
            _ => EventVerdict::Rejected { reason },
        }
    }
}

/// Reads which events are meant by `/elements/3/user :: …`, each once.
fn event_indexes(message: &str, events: usize) -> Vec<usize> {
    let mut found: Vec<usize> = message
        .split("elements/")
        .skip(1)
        .filter_map(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        })
        .filter(|index| *index < events)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns kind and value of what a person can be known by. A phone number is no key here, names would have to
/// be clear.
fn identifiers<'e>(event: &'e Merged<'_>) -> Vec<(&'static str, &'e str)> {
    let emails = event.digests(DigestKey::Email);
    let click = click(event, "li_fat_id");
    // Version 4 only.
    let ip = event.ip().filter(|ip| ip.parse::<Ipv4Addr>().is_ok());
    emails
        .into_iter()
        .map(|digest| ("SHA256_EMAIL", digest))
        .chain(click.map(|id| ("LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", id)))
        .chain(ip.map(|ip| ("PLAINTEXT_IP_ADDRESS", ip)))
        .collect()
}

#[cfg(test)]
#[path = "linkedin_tests.rs"]
mod tests;
