//! Meta Conversions API: `POST {base}/{version}/{dataset}/events`.
//!
//! A request is taken as a whole or not at all. Sources: "Using the API", "Customer Information
//! Parameters", "Server Event Parameters", "Handling Duplicate Pixel and Conversions API Events", the
//! Business SDKs and the official server tag; error codes as RudderStack recorded them.

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::event::{Props, Scalar};
use firsthand_core::touchpoint;
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, RetryClass, Setup, Verdict, Words, body, foreign_answer, hours,
    is_limited,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_digits, is_version};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// Meta. 1000 events a request is widely documented; smaller batches make the search for a refused event
/// cheaper. One event older than 7 days fails its whole request. Names: the official server tag.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "meta",
    limits: PlatformLimits {
        base_url: "https://graph.facebook.com",
        max_batch_events: 1_000,
        default_batch_events: 200,
        max_body_bytes: 4_000_000,
        max_event_age: hours(168),
        default_max_event_age: hours(164),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("page_view", "PageView"),
            ("view_item", "ViewContent"),
            ("view_item_list", "ViewContent"),
            ("search", "Search"),
            ("add_to_wishlist", "AddToWishlist"),
            ("add_to_cart", "AddToCart"),
            ("begin_checkout", "InitiateCheckout"),
            ("add_payment_info", "AddPaymentInfo"),
            ("purchase", "Purchase"),
            ("generate_lead", "Lead"),
            ("sign_up", "CompleteRegistration"),
            ("subscribe", "Subscribe"),
            ("contact", "Contact"),
        ],
        others: Others::Own,
    },
    account: AccountReader::of::<MetaConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Header that says how long a throttled account has to wait.
const USAGE: &str = "x-business-use-case-usage";

/// `action_source` values that need no browser.
const SERVER_SOURCES: [&str; 6] = [
    "other",
    "system_generated",
    "physical_store",
    "phone_call",
    "chat",
    "email",
];

/// Most of a shop's own parameters that are sent with one event.
const MAX_CUSTOM_PROPERTIES: usize = 50;

/// Parameters of `custom_data` that have a meaning of their own: a shop's parameter of the same name is
/// not sent, Meta refuses a wrong type.
const STANDARD_PROPERTIES: [&str; 16] = [
    "value",
    "currency",
    "content_ids",
    "contents",
    "content_type",
    "content_name",
    "content_category",
    "num_items",
    "order_id",
    "search_string",
    "predicted_ltv",
    "net_revenue",
    "status",
    "delivery_category",
    "item_number",
    "custom_properties",
];

/// Digests and the key each is sent under.
const USER_DIGESTS: [(&str, DigestKey); 11] = [
    ("em", DigestKey::Email),
    ("ph", DigestKey::Phone),
    ("fn", DigestKey::FirstName),
    ("ln", DigestKey::LastName),
    ("ct", DigestKey::City),
    ("st", DigestKey::State),
    ("zp", DigestKey::Zip),
    ("country", DigestKey::Country),
    ("db", DigestKey::DateOfBirth),
    ("ge", DigestKey::Gender),
    ("external_id", DigestKey::ExternalId),
];

/// The keys of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetaConfig {
    /// Dataset (pixel) id.
    dataset_id: String,
    /// Access token of a system user.
    access_token: SecretSource,
    /// Graph API version. Meta keeps each for two years at least.
    #[serde(default = "default_api_version")]
    api_version: String,
    /// Code of the Test Events tool. Test traffic may count as real: not for production.
    #[serde(default)]
    test_event_code: Option<String>,
    /// When Limited Data Use is asked for.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
    /// `action_source` of events that no browser reported (without page or user agent).
    #[serde(default = "default_server_action_source")]
    server_action_source: String,
}

fn default_api_version() -> String {
    "v24.0".to_owned()
}

fn default_server_action_source() -> String {
    "other".to_owned()
}

impl Account for MetaConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "dataset_id",
            is_digits(&self.dataset_id),
            "must be the dataset (pixel) id, digits only",
        )?;
        checks.require(
            "api_version",
            is_version(&self.api_version),
            "must look like v24.0",
        )?;
        checks.require(
            "server_action_source",
            SERVER_SOURCES.contains(&self.server_action_source.as_str()),
            &format!("must be one of {}", SERVER_SOURCES.join(", ")),
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        Ok(setup.connected(self, token))
    }
}

/// A dataset.
type Meta = Connected<MetaConfig>;

impl Meta {
    fn write(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        name: &str,
        click: Option<&str>,
        now_ms: i64,
    ) -> String {
        let mut out = String::with_capacity(1024);
        let mut object = Object::begin(&mut out);
        object.text("event_name", name);
        object.int("event_time", event.at_ms.min(now_ms) / 1_000);
        object.text("event_id", event.event_id);
        let is_website = event.page_url().is_some() && event.user_agent().is_some();
        object.text(
            "action_source",
            if is_website {
                "website"
            } else {
                &self.config.server_action_source
            },
        );
        object.text_opt("event_source_url", event.page_url());
        object.text_opt("referrer_url", event.referrer());
        if is_limited(self.config.limited_data_use, permission) {
            // 0 and 0: Meta finds the state by the address; safe where a state's code is not known.
            object.key("data_processing_options").push_str("[\"LDU\"]");
            object.int("data_processing_options_country", 0);
            object.int("data_processing_options_state", 0);
        }
        write_user(event, click, object.key("user_data"));
        write_custom(name, &event.props, object.key("custom_data"));
        object.end();
        out
    }
}

impl Destination for Meta {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        if name == "Purchase" && (event.props.worth().is_none() || event.props.currency.is_none()) {
            return Err(Skip::new(
                "incomplete",
                "meta takes a Purchase with value and currency only",
            ));
        }
        let click = click_cookie(event);
        if !is_matchable(event, click.as_deref()) {
            return Err(Skip::new(
                "no_match_key",
                "no match key that meta accepts (e-mail, phone, external id, click id, browser id, or address with user agent)",
            ));
        }
        Ok(Mapped {
            event: self.write(event, permission, &name, click.as_deref(), now_ms),
            without_click_id: click
                .is_some()
                .then(|| self.write(event, permission, &name, None, now_ms)),
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        body::list(object.key("data"), batch.events);
        object.text_opt("test_event_code", self.config.test_event_code.as_deref());
        // In the body, so that it is in nobody's access log.
        object.text("access_token", self.token.expose());
        object.end();
        let url = format!(
            "{}/{}/{}/events",
            self.base_url, self.config.api_version, self.config.dataset_id
        );
        Outgoing::json(url, out)
    }

    fn answer_headers(&self) -> &'static [&'static str] {
        &[USAGE]
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        let events = batch.events.len();
        if let Ok(Success { events_received }) = serde_json::from_str(&answer.body)
            && answer.is_success()
        {
            if usize::try_from(events_received).is_ok_and(|taken| taken == events) {
                return Verdict::Delivered;
            }
            return Verdict::Retry {
                class: RetryClass::Unknown,
                after: None,
                reason: Words::new(format!("{events_received} of {events} events received")),
            };
        }
        match serde_json::from_str::<Failure>(&answer.body) {
            Ok(Failure { error }) => judge(answer, &error),
            Err(_) => foreign_answer(answer),
        }
    }
}

#[derive(Deserialize)]
struct Success {
    events_received: u64,
}

#[derive(Deserialize)]
struct Failure {
    error: GraphError,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct GraphError {
    code: i64,
    error_subcode: Option<i64>,
    is_transient: bool,
    message: String,
    error_user_title: String,
    error_user_msg: String,
    fbtrace_id: String,
}

fn judge(answer: &Answer, error: &GraphError) -> Verdict {
    let subcode = error
        .error_subcode
        .map_or_else(String::new, |sub| format!("/{sub}"));
    let text = if error.error_user_title.is_empty() {
        error.message.clone()
    } else {
        format!("{}: {}", error.error_user_title, error.error_user_msg)
    };
    let reason = Words::new(format!("meta {}{subcode}", error.code))
        .saying(text)
        .traced("fbtrace_id", &error.fbtrace_id);
    let retry = |class, after| Verdict::Retry {
        class,
        after,
        reason: reason.clone(),
    };
    match (error.code, error.error_subcode) {
        // The rate limits first: code 17 is one although it says that it is not transient.
        (4 | 17 | 32 | 613 | 80_000..=80_014, _) => retry(
            RetryClass::Throttled,
            answer
                .retry_after
                .or_else(|| answer.header(USAGE).and_then(regain_access)),
        ),
        _ if error.is_transient => retry(RetryClass::Transient, answer.retry_after),
        (1 | 2 | 341 | 368 | 5_000 | 21_009, _) => retry(RetryClass::Transient, answer.retry_after),
        (3 | 10 | 102 | 190 | 200..=299 | 467 | 2_635, _) | (100, Some(33 | 2_804_030)) => {
            Verdict::Unauthorized { reason }
        }
        (100, Some(2_804_001)) => Verdict::MalformedClickId { reason },
        (100, _) => Verdict::RejectedBatch { reason },
        _ if answer.status >= 500 => retry(RetryClass::Transient, answer.retry_after),
        _ => retry(RetryClass::Unknown, answer.retry_after),
    }
}

/// Reads how long an account has to wait from `X-Business-Use-Case-Usage`; it counts in minutes.
fn regain_access(usage: &str) -> Option<std::time::Duration> {
    #[derive(Deserialize)]
    struct Usage {
        #[serde(default)]
        estimated_time_to_regain_access: u64,
    }
    let by_account: std::collections::HashMap<String, Vec<Usage>> =
        serde_json::from_str(usage).ok()?;
    let minutes = by_account
        .into_values()
        .flatten()
        .map(|usage| usage.estimated_time_to_regain_access)
        .max()
        .filter(|minutes| *minutes > 0)?;
    Some(std::time::Duration::from_secs(minutes.saturating_mul(60)))
}

/// Returns the value of Meta's click cookie: the cookie's own, else one made of the click id of the
/// arrival, with the time of that arrival. The click id's case is kept. A malformed one is left out,
/// because it would fail the whole request.
fn click_cookie(event: &Merged<'_>) -> Option<String> {
    if let Some(cookie) = event.browser_id(BrowserKey::Fbc)
        && is_cookie_form(cookie)
    {
        return Some(cookie.to_owned());
    }
    let (click, seen_ms) = event.click_id("fbclid")?;
    let host = event.page_url().and_then(host_of).unwrap_or_default();
    touchpoint::fbc(touchpoint::subdomain_index(host), seen_ms, click)
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', '?', '#', ':']).next()
}

/// Whether a text has the form `fb.{index}.{milliseconds}.{rest}` with an optional appendix.
fn is_cookie_form(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_fb = parts.next() == Some("fb");
    let has_index = parts.next().is_some_and(|p| p.parse::<u8>().is_ok());
    let has_time = parts
        .next()
        .is_some_and(|p| p.len() == 13 && p.bytes().all(|b| b.is_ascii_digit()));
    let has_rest = parts
        .next()
        .is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_graphic()));
    let has_sound_end = parts.next().is_none_or(|p| !p.is_empty()) && parts.next().is_none();
    text.len() <= 600 && is_fb && has_index && has_time && has_rest && has_sound_end
}

fn is_browser_form(text: &str) -> bool {
    is_cookie_form(text)
        && text
            .split('.')
            .nth(3)
            .is_some_and(|random| random.bytes().all(|b| b.is_ascii_digit()))
}

fn browser_cookie<'m>(event: &'m Merged<'_>) -> Option<&'m str> {
    event
        .browser_id(BrowserKey::Fbp)
        .filter(|fbp| is_browser_form(fbp))
}

/// Whether Meta takes these keys. Weak combinations (user agent and gender, city alone …) are refused
/// since Graph v13.0 with the whole request.
fn is_matchable(event: &Merged<'_>, click: Option<&str>) -> bool {
    let has = |key| event.user.digest(key).is_some();
    let is_strong = has(DigestKey::Email) || has(DigestKey::Phone) || has(DigestKey::ExternalId);
    let has_device = event.ip().is_some() && event.user_agent().is_some();
    let has_person = has(DigestKey::FirstName)
        && has(DigestKey::LastName)
        && (has(DigestKey::Zip) || has(DigestKey::City) || has(DigestKey::DateOfBirth));
    is_strong || click.is_some() || browser_cookie(event).is_some() || has_device || has_person
}

fn write_user(event: &Merged<'_>, click: Option<&str>, out: &mut String) {
    let mut user = Object::begin(out);
    for (key, digest) in USER_DIGESTS {
        body::texts(&mut user, key, &event.digests(digest));
    }
    user.text_opt("fbc", click);
    user.text_opt("fbp", browser_cookie(event));
    user.text_opt("client_ip_address", event.ip());
    user.text_opt("client_user_agent", event.user_agent());
    user.end();
}

fn write_custom(name: &str, props: &Props, out: &mut String) {
    let mut custom = Object::begin(out);
    if let Some(currency) = props.currency {
        body::amount(&mut custom, "value", props.worth());
        custom.text("currency", currency.as_str());
    }
    let items: Vec<_> = props
        .items
        .iter()
        .filter_map(|item| Some((item.item_id.as_deref().filter(|id| !id.is_empty())?, item)))
        .collect();
    let ids: Vec<&str> = items.iter().map(|(id, _)| *id).collect();
    body::texts(&mut custom, "content_ids", &ids);
    body::objects(&mut custom, "contents", &items, |content, (id, item)| {
        content.text("id", id);
        if let Some(quantity) = body::pieces(item.quantity) {
            content.int("quantity", quantity);
        }
        body::amount(content, "item_price", item.price);
        content.text_opt("title", item.item_name.as_deref());
        content.text_opt("brand", item.item_brand.as_deref());
        content.text_opt("category", item.item_category.as_deref());
    });
    if !items.is_empty() {
        custom.text("content_type", "product");
    }
    if !props.items.is_empty() && matches!(name, "Purchase" | "InitiateCheckout") {
        let pieces = props
            .items
            .iter()
            .filter_map(|item| body::pieces(item.quantity));
        custom.int("num_items", pieces.fold(0i64, i64::saturating_add));
    }
    custom.text_opt("order_id", props.transaction_id.as_deref());
    custom.text_opt("search_string", props.search_term.as_deref());
    custom.text_opt("coupon", props.coupon.as_deref());
    body::amount(&mut custom, "tax", props.tax);
    body::amount(&mut custom, "shipping", props.shipping);
    for key in ["content_name", "content_category"] {
        if let Some(Scalar::Text(text)) = props.other.get(key) {
            custom.text(key, text);
        }
    }
    let own = props
        .other
        .iter()
        .filter(|(key, _)| !STANDARD_PROPERTIES.contains(&key.as_str()))
        .take(MAX_CUSTOM_PROPERTIES);
    for (key, value) in own {
        body::scalar(&mut custom, key, value);
    }
    custom.end();
}

#[cfg(test)]
#[path = "meta_tests.rs"]
mod tests;
