//! Pinterest Conversions API: `POST {base}/v5/ad_accounts/{ad_account_id}/events`.
//!
//! Every event of a request has a verdict of its own (200 and 422 alike). Source: `pinterest/api-description`,
//! v5 OpenAPI 5.23.0; connectors where it is silent, see `docs/destinations/pinterest.md`.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use firsthand_core::consent::Purpose;
use firsthand_core::event::Props;
use firsthand_core::identity::{Clear, meta as forms};
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, EventVerdict, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, RetryClass, Setup, Verdict, Words, body, click, failed_answer,
    foreign_answer, hours, is_limited, is_website,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_digits};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// Pinterest. 1000 events a request and 5000 requests a minute by the schema; it gives no size of a body and
/// no age: 1 MB is ours, 7 days are what third parties say. Names: the schema's list.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "pinterest",
    limits: PlatformLimits {
        base_url: "https://api.pinterest.com",
        max_batch_events: 1_000,
        default_batch_events: 200,
        max_body_bytes: 1_000_000,
        max_event_age: hours(168),
        default_max_event_age: hours(164),
        default_concurrency: 2,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("page_view", "page_visit"),
            ("view_item", "view_content"),
            ("view_item_list", "view_category"),
            ("search", "search"),
            ("add_to_wishlist", "add_to_wishlist"),
            ("add_to_cart", "add_to_cart"),
            ("begin_checkout", "initiate_checkout"),
            ("add_payment_info", "add_payment_info"),
            ("purchase", "checkout"),
            ("generate_lead", "lead"),
            ("sign_up", "signup"),
            ("subscribe", "subscribe"),
        ],
        others: Others::As("custom"),
    },
    account: AccountReader::of::<PinterestConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Values of `action_source`.
const SOURCES: [&str; 4] = ["web", "app_android", "app_ios", "offline"];

/// Countries whose postal codes are digits alone. Pinterest wants digits; the digest of any other code would
/// be of another text.
const DIGIT_CODES: &str = "AT AU BE BG CH CZ DE DK EE ES FI FR GR HR HU ID IL IN IT KR MX MY NO NZ PH RO SE SG SI SK TH TR UA US ZA";
/// Countries whose states are known by two letters.
const LETTER_STATES: &str = "CA US";

/// The keys of an ad account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinterestConfig {
    /// Ad account id.
    ad_account_id: String,
    /// Conversion access token of Ads Manager.
    access_token: SecretSource,
    /// Pinterest checks and records nothing.
    #[serde(default)]
    test_mode: bool,
    /// When limited data processing is asked for.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
    /// `action_source` of events that no browser reported. Pinterest never drops copies of `offline` ones.
    #[serde(default = "default_server_action_source")]
    server_action_source: String,
}

fn default_server_action_source() -> String {
    "web".to_owned()
}

impl Account for PinterestConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "ad_account_id",
            is_digits(&self.ad_account_id),
            "must be the ad account's id, digits only",
        )?;
        checks.require(
            "server_action_source",
            SOURCES.contains(&self.server_action_source.as_str()),
            &format!("must be one of {}", SOURCES.join(", ")),
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        Ok(setup.connected(self, token))
    }
}

/// An ad account.
type Pinterest = Connected<PinterestConfig>;

impl Destination for Pinterest {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let has_device = event.ip().is_some() && event.user_agent().is_some();
        if event.digests(DigestKey::Email).is_empty() && !has_device {
            return Err(Skip::new(
                "no_match_key",
                "pinterest needs an e-mail digest, or address and user agent",
            ));
        }
        let mut out = String::with_capacity(1_024);
        let mut object = Object::begin(&mut out);
        object.text("event_name", &name);
        object.text(
            "action_source",
            if is_website(event) {
                "web"
            } else {
                &self.config.server_action_source
            },
        );
        object.int("event_time", event.at_ms.min(now_ms) / 1_000);
        object.text("event_id", event.event_id);
        object.text_opt("event_source_url", event.page_url());
        object.text_opt("language", event.language());
        write_user(event, object.key("user_data"));
        let is_limited = is_limited(self.config.limited_data_use, permission);
        write_custom(&event.props, is_limited, object.key("custom_data"));
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        body::list(object.key("data"), batch.events);
        object.end();
        let test = if self.config.test_mode {
            "?test=true"
        } else {
            ""
        };
        let url = format!(
            "{}/v5/ad_accounts/{}/events{test}",
            self.base_url, self.config.ad_account_id
        );
        Outgoing::json(url, out).header("authorization", format!("Bearer {}", self.token.expose()))
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        if matches!(answer.status, 200 | 422)
            && let Ok(report) = serde_json::from_str::<Report>(&answer.body)
        {
            return self.judge(answer, report, batch.events.len());
        }
        let Ok(failure) = serde_json::from_str::<Failure>(&answer.body) else {
            return foreign_answer(answer);
        };
        let reason = Words::new(format!("pinterest {}/{}", answer.status, failure.code))
            .saying(failure.message);
        failed_answer(answer, reason)
    }
}

impl Pinterest {
    /// Reads the verdicts on single events, which come in the order of the request.
    fn judge(&self, answer: &Answer, report: Report, sent: usize) -> Verdict {
        let is_all = report.num_events_processed == report.num_events_received
            && report.num_events_received == sent;
        if is_all && self.config.test_mode {
            return Verdict::Checked;
        }
        if is_all {
            return Verdict::Delivered;
        }
        if report.events.len() != sent {
            return foreign_answer(answer);
        }
        let verdicts = report.events.into_iter().map(Row::read);
        if !self.config.test_mode {
            return Verdict::Each(verdicts.collect());
        }
        // What was looked at only is no delivery: the others are looked at again without these.
        let refused = verdicts
            .enumerate()
            .filter_map(|(index, verdict)| match verdict {
                EventVerdict::Rejected { reason } => Some((index, reason)),
                EventVerdict::Delivered | EventVerdict::Retry { .. } => None,
            })
            .collect();
        Verdict::RejectedEvents { events: refused }
    }
}

#[derive(Deserialize)]
struct Report {
    num_events_received: usize,
    num_events_processed: usize,
    #[serde(default)]
    events: Vec<Row>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Row {
    status: String,
    error_message: Option<String>,
}

impl Row {
    fn read(self) -> EventVerdict {
        if self.status == "processed" {
            return EventVerdict::Delivered;
        }
        let is_failed = self.status == "failed";
        let reason = Words::new("pinterest failed").saying(self.error_message.unwrap_or_default());
        if is_failed {
            return EventVerdict::Rejected { reason };
        }
        EventVerdict::Retry {
            class: RetryClass::Unknown,
            reason,
        }
    }
}

#[derive(Deserialize)]
struct Failure {
    code: i64,
    #[serde(default)]
    message: String,
}

fn write_user(event: &Merged<'_>, out: &mut String) {
    let mut user = Object::begin(out);
    let mut list = |key: &str, kinds: [DigestKey; 2]| body::digests(&mut user, key, event, kinds);
    list("em", [DigestKey::Email; 2]);
    list("ph", [DigestKey::Phone; 2]);
    list("ge", [DigestKey::Gender; 2]);
    list("db", [DigestKey::DateOfBirth; 2]);
    // Lower-case with what stands between the letters: the form that Google has, too.
    list("fn", [DigestKey::FirstNameGoogle, DigestKey::FirstName]);
    list("ln", [DigestKey::LastNameGoogle, DigestKey::LastName]);
    list("ct", [DigestKey::City; 2]);
    if is_of(event, &LETTER_STATE_DIGESTS) {
        list("st", [DigestKey::State; 2]);
    }
    if is_of(event, &DIGIT_CODE_DIGESTS) {
        list("zp", [DigestKey::Zip; 2]);
    }
    list("country", [DigestKey::Country; 2]);
    list(
        "external_id",
        [DigestKey::ExternalIdTrimmed, DigestKey::ExternalId],
    );
    user.text_opt("client_ip_address", event.ip());
    user.text_opt("client_user_agent", event.user_agent());
    user.text_opt("click_id", click(event, "epik"));
    user.end();
}

static DIGIT_CODE_DIGESTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| digests_of(DIGIT_CODES));
static LETTER_STATE_DIGESTS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| digests_of(LETTER_STATES));

fn digests_of(countries: &str) -> BTreeSet<String> {
    let forms = countries
        .split(' ')
        .map(|code| forms::country(Clear::new(code)));
    forms.flatten().map(|form| form.digest().hex()).collect()
}

/// Whether the person's country, known by its digest alone, is one of these.
fn is_of(event: &Merged<'_>, countries: &BTreeSet<String>) -> bool {
    let digest = event.user.digest(DigestKey::Country);
    digest.is_some_and(|digest| countries.contains(digest))
}

fn write_custom(props: &Props, is_limited: bool, out: &mut String) {
    let mut object = Object::begin(out);
    let has_money = props.currency.is_some();
    if let Some(currency) = props.currency {
        object.text("currency", currency.as_str());
        // Amounts are texts.
        body::amount_text(&mut object, "value", props.worth());
    }
    body::texts(&mut object, "content_ids", &body::item_ids(props));
    body::objects(&mut object, "contents", &props.items, |content, item| {
        content.text_opt("id", item.item_id.as_deref());
        content.text_opt("item_name", item.item_name.as_deref());
        content.text_opt("item_category", item.item_category.as_deref());
        content.text_opt("item_brand", item.item_brand.as_deref());
        if has_money {
            body::amount_text(content, "item_price", item.price);
        }
        if let Some(pieces) = body::pieces(item.quantity) {
            content.int("quantity", pieces);
        }
    });
    if let Some(pieces) = body::all_pieces(props) {
        object.int("num_items", pieces);
    }
    object.text_opt("order_id", props.transaction_id.as_deref());
    object.text_opt("search_string", props.search_term.as_deref());
    if is_limited {
        object.text("opt_out_type", "LDP");
    }
    object.end();
}

#[cfg(test)]
#[path = "pinterest_tests.rs"]
mod tests;
