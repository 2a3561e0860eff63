//! X Conversion API: `POST {base}/12/measurement/conversions/{pixel_id}`.
//!
//! An event has no name here but the id of a single event tag, so the account maps names to tags; a name
//! without one is not sent. X has no flag for limited use. Requests are signed (OAuth 1.0a). Source:
//! `xdevplatform/docs`, web conversions; connectors where it is silent, see `docs/destinations/x.md`.

mod oauth;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firsthand_core::consent::Purpose;
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use self::oauth::Keys;
use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, Setup, Verdict, Words, body, click, conversions, failed_answer,
    foreign_answer, hours,
};
use crate::forward::config::{Checks, ConfigError, is_token};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::{Secret, SecretSource};

/// X. 500 events a request; no size of a body and no age are documented: 1 MB and 30 days are ours. Copies are
/// said to be recognised for 48 hours, so the default stays below that.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "x",
    limits: PlatformLimits {
        base_url: "https://ads-api.x.com",
        max_batch_events: 500,
        default_batch_events: 200,
        max_body_bytes: 1_000_000,
        max_event_age: hours(30 * 24),
        default_max_event_age: hours(47),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[],
        others: Others::Canonical { reserved: &[] },
    },
    account: AccountReader::of::<XConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// When X takes requests again, in epoch seconds.
const RESET: &str = "x-rate-limit-reset";

/// The keys of a pixel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct XConfig {
    /// Pixel id.
    pixel_id: String,
    /// Canonical event name to single event tag. Others are not sent.
    conversions: BTreeMap<String, String>,
    /// The app's key.
    #[serde(default)]
    consumer_key: Option<SecretSource>,
    /// The app's secret.
    #[serde(default)]
    consumer_secret: Option<SecretSource>,
    /// The user's token.
    #[serde(default)]
    access_token: Option<SecretSource>,
    /// The user's secret.
    #[serde(default)]
    access_token_secret: Option<SecretSource>,
    /// Token of the pixel, instead of the four.
    #[serde(default)]
    pixel_token: Option<SecretSource>,
    /// Sends events of visitors who ask not to be sold where the law lets us.
    #[serde(default)]
    send_with_gpc: bool,
}

impl XConfig {
    /// Returns the places of the four parts of a user's access, by key.
    fn parts(&self) -> [(&'static str, Option<&SecretSource>); 4] {
        [
            ("consumer_key", self.consumer_key.as_ref()),
            ("consumer_secret", self.consumer_secret.as_ref()),
            ("access_token", self.access_token.as_ref()),
            ("access_token_secret", self.access_token_secret.as_ref()),
        ]
    }

    /// Fetches the secrets.
    fn access(&self, setup: &mut Setup<'_>) -> Result<Access, ConfigError> {
        if let Some(source) = &self.pixel_token {
            return Ok(Access::Pixel(setup.secret("pixel_token", source)?));
        }
        let mut fetched = Vec::new();
        for (key, source) in self.parts() {
            let source = source.ok_or_else(|| setup.problem(key, "is missing"))?;
            fetched.push(setup.secret(key, source)?);
        }
        let [consumer_key, consumer_secret, token, token_secret] = <[Secret; 4]>::try_from(fetched)
            .map_err(|_| setup.problem("access_token", "is missing"))?;
        Ok(Access::User(Keys {
            consumer_key,
            consumer_secret,
            token,
            token_secret,
        }))
    }
}

/// `tw-…-…`, as Events Manager shows it.
fn is_event_tag(id: &str) -> bool {
    is_token(id) && id.starts_with("tw-") && id.matches('-').count() == 2 && !id.ends_with('-')
}

impl Account for XConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "pixel_id",
            is_token(&self.pixel_id),
            "must be the pixel's id, such as o8z6j",
        )?;
        conversions::validate(
            checks,
            &self.conversions,
            is_event_tag,
            "must be the id of a single event tag, such as tw-o8z6j-o8z21",
        )?;
        for (key, source) in self.parts() {
            let problem = if self.pixel_token.is_some() {
                "is not needed beside pixel_token: leave it out"
            } else {
                "is missing: write consumer_key, consumer_secret, access_token and access_token_secret, or pixel_token alone"
            };
            checks.require(key, source.is_some() != self.pixel_token.is_some(), problem)?;
        }
        Ok(())
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let access = self.access(setup)?;
        Ok(setup.connected(self, access))
    }
}

/// How a request shows whose it is.
enum Access {
    /// Signed for a user.
    User(Keys),
    /// By the token of the pixel.
    Pixel(Secret),
}

/// A pixel.
type X = Connected<XConfig, Access>;

impl Destination for X {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        SPEC.names.of(&self.common, event.name)?;
        let tag = conversions::of(&self.config.conversions, event.name)?;
        conversions::refuse_gpc(self.config.send_with_gpc, permission)?;
        let identifiers = identifiers(event);
        if identifiers.is_empty() {
            return Err(Skip::new(
                "no_match_key",
                "x needs its click id, or a digest of e-mail or phone",
            ));
        }
        let time = body::rfc3339(event.at_ms.min(now_ms))
            .ok_or_else(|| Skip::new("incomplete", "the event's time is no date"))?;
        let mut out = String::with_capacity(1_024);
        let mut object = Object::begin(&mut out);
        object.text("conversion_time", &time);
        object.text("event_id", tag);
        object.text("conversion_id", event.event_id);
        body::objects(
            &mut object,
            "identifiers",
            &identifiers,
            |one, (key, value)| {
                one.text(key, value);
                // Beside another identifier only.
                one.text_opt("ip_address", event.ip());
                one.text_opt("user_agent", event.user_agent());
            },
        );
        write_commerce(event, &mut object);
        object.text_opt("event_source_url", event.page_url());
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        body::list(object.key("conversions"), batch.events);
        object.end();
        let url = format!(
            "{}/12/measurement/conversions/{}",
            self.base_url, self.config.pixel_id
        );
        let (name, value) = match &self.token {
            Access::User(keys) => ("authorization", keys.authorize(&url, &out, batch.now_ms)),
            Access::Pixel(token) => ("x-pixel-token", token.expose().to_owned()),
        };
        Outgoing::json(url, out).header(name, value)
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        if answer.is_success() {
            return taken(answer, batch.events.len());
        }
        let errors = serde_json::from_str::<Failure>(&answer.body);
        let Some(first) = errors
            .ok()
            .and_then(|failure| failure.errors.into_iter().next())
        else {
            return foreign_answer(answer);
        };
        let reason = Words::new(format!("x {}", answer.status))
            .saying(format!("{} {}", first.code, first.message).trim());
        let mut verdict = failed_answer(answer, reason);
        if let Verdict::Retry { after, .. } = &mut verdict {
            *after = after.or_else(|| until_reset(answer, batch.now_ms));
        }
        verdict
    }

    fn answer_headers(&self) -> &'static [&'static str] {
        &[RESET]
    }
}

/// Returns how long X wants to be left alone.
fn until_reset(answer: &Answer, now_ms: i64) -> Option<Duration> {
    let reset_ms = answer
        .header(RESET)?
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000)?;
    let wait_ms = u64::try_from(reset_ms.checked_sub(now_ms)?).unwrap_or(0);
    Some(Duration::from_millis(wait_ms))
}

#[derive(Deserialize)]
struct Taken {
    data: Counts,
}

#[derive(Deserialize)]
struct Counts {
    conversions_processed: usize,
    #[serde(default)]
    debug_id: String,
}

#[derive(Deserialize)]
struct Failure {
    errors: Vec<ApiError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ApiError {
    code: String,
    message: String,
}

fn taken(answer: &Answer, sent: usize) -> Verdict {
    match serde_json::from_str(&answer.body) {
        Ok(Taken { data }) if data.conversions_processed >= sent => Verdict::Delivered,
        // Which were left out is not told: sent again in halves, under the same ids.
        Ok(Taken { data }) => Verdict::RejectedBatch {
            reason: Words::new(format!("x {}", answer.status))
                .saying("not all conversions were processed")
                .traced("debug_id", &data.debug_id),
        },
        Err(_) => foreign_answer(answer),
    }
}

/// Returns key and value of what a person can be known by.
fn identifiers<'e>(event: &'e Merged<'_>) -> Vec<(&'static str, &'e str)> {
    let emails = event.digests(DigestKey::Email);
    let phones = event.digests(DigestKey::PhoneE164);
    click(event, "twclid")
        .map(|id| ("twclid", id))
        .into_iter()
        .chain(emails.into_iter().map(|digest| ("hashed_email", digest)))
        .chain(
            phones
                .into_iter()
                .map(|digest| ("hashed_phone_number", digest)),
        )
        .collect()
}

fn write_commerce(event: &Merged<'_>, object: &mut Object<'_>) {
    let props = &event.props;
    let has_money = props.currency.is_some();
    // Without one X takes dollars.
    if let (Some(currency), Some(value)) = (props.currency, props.worth()) {
        body::amount(object, "value", Some(value));
        object.text("price_currency", currency.as_str());
    }
    if let Some(pieces) = body::all_pieces(props) {
        object.int("number_items", pieces);
    }
    body::objects(object, "contents", &props.items, |content, item| {
        content.text_opt("content_id", item.item_id.as_deref());
        content.text_opt("content_name", item.item_name.as_deref());
        content.text_opt("content_type", item.item_category.as_deref());
        if has_money {
            body::amount(content, "content_price", item.price);
        }
        if let Some(pieces) = body::pieces(item.quantity) {
            content.int("num_items", pieces);
        }
    });
    object.text_opt("search_string", props.search_term.as_deref());
}

#[cfg(test)]
mod tests;
