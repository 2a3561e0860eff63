//! TikTok Events API 2.0: `POST {base}/open_api/{version}/event/track/`.
//!
//! Answers HTTP 200 even for errors; `code` counts. One wrong event fails its request and is named as
//! `Batch.N.`. Sources: the official server tag, the help centre ("About event deduplication",
//! "Supported standard events"); connectors where nothing official was found, see
//! `docs/destinations/tiktok.md`.

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::event::{Currency, Props};
use firsthand_core::wire::json::{self, Object};
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, RetryClass, Setup, Verdict, Words, body, foreign_answer, hours,
    is_limited,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_token, is_version};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// TikTok. Connectors cap a body at 1 MB; 7 days are assumed. Names: the help centre's list and the official
/// server tag.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "tiktok",
    limits: PlatformLimits {
        base_url: "https://business-api.tiktok.com",
        max_batch_events: 1_000,
        default_batch_events: 200,
        max_body_bytes: 1_000_000,
        max_event_age: hours(168),
        default_max_event_age: hours(164),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("page_view", "Pageview"),
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
    account: AccountReader::of::<TikTokConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Currencies that TikTok's SDK documentation lists. An amount in another one would fail the request:
/// the event is sent without it.
const CURRENCIES: &str = "AEDARSAUDBDTBHDBIFBOBBRLCADCHFCLPCNYCOPCRCCZKDKKDZDEGPEURGBPGTQHKDHNLHUFIDRILSINRISKJPYKESKHRKRWKWDKZTMADMOPMXNMYRNGNNIONOKNZDOMRPENPHPPKRPLNPYGQARRONRUBSARSEKSGDTHBTRYTWDUAHUSDVESVNDZAR";

/// Click ids longer than this are no click ids.
const MAX_CLICK_ID_BYTES: usize = 500;

/// The keys of a pixel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TikTokConfig {
    /// Pixel code.
    pixel_code: String,
    /// Access token, made in Events Manager.
    access_token: SecretSource,
    /// Version in the address.
    #[serde(default = "default_api_version")]
    api_version: String,
    /// Code of the test view. Test events travel one a request.
    #[serde(default)]
    test_event_code: Option<String>,
    /// When limited data use is asked for.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
}

fn default_api_version() -> String {
    "v1.3".to_owned()
}

impl Account for TikTokConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "pixel_code",
            is_token(&self.pixel_code),
            "must be the pixel code, letters and digits",
        )?;
        checks.require(
            "api_version",
            is_version(&self.api_version),
            "must look like v1.3",
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        Ok(setup.connected(self, token))
    }
}

/// A pixel.
type TikTok = Connected<TikTokConfig>;

impl Destination for TikTok {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let mut user = String::with_capacity(512);
        write_user(event, &mut user);
        if user == "{}" {
            return Err(Skip::new(
                "no_match_key",
                "no match key that tiktok accepts",
            ));
        }
        let mut out = String::with_capacity(1024);
        let mut object = Object::begin(&mut out);
        object.text("event", &name);
        object.int("event_time", event.at_ms.min(now_ms) / 1_000);
        object.text("event_id", event.event_id);
        if let Some(locale) = event.context.lang.as_deref().filter(|lang| is_plain(lang)) {
            // No match key, so it comes after the check.
            user.pop();
            user.push_str(",\"locale\":");
            json::push_str(&mut user, locale);
            user.push('}');
        }
        object.key("user").push_str(&user);
        let mut page = Object::begin(object.key("page"));
        page.text_opt("url", event.page_url());
        page.text_opt("referrer", event.referrer());
        page.end();
        write_properties(&event.props, object.key("properties"));
        if is_limited(self.config.limited_data_use, permission) {
            object.bool_opt("limited_data_use", Some(true));
        }
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        object.text("event_source", "web");
        object.text("event_source_id", &self.config.pixel_code);
        object.text_opt("test_event_code", self.config.test_event_code.as_deref());
        body::list(object.key("data"), batch.events);
        object.end();
        let url = format!(
            "{}/open_api/{}/event/track/",
            self.base_url, self.config.api_version
        );
        Outgoing::json(url, out).header("access-token", self.token.expose())
    }

    /// Connectors never batch test events.
    fn max_batch_events(&self) -> usize {
        match self.config.test_event_code {
            Some(_) => 1,
            None => usize::MAX,
        }
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        let Ok(envelope) = serde_json::from_str::<Envelope>(&answer.body) else {
            return foreign_answer(answer);
        };
        let reason = Words::new(format!("tiktok {}", envelope.code))
            .saying(envelope.message.as_str())
            .traced("request_id", &envelope.request_id);
        let retry = |class| Verdict::Retry {
            class,
            after: answer.retry_after,
            reason: reason.clone(),
        };
        match envelope.code {
            // 20001 is a partial success: the platform has the events and does not say which it left out.
            0 | 20_001 if answer.is_success() => Verdict::Delivered,
            // TikTok says 200 whatever it says: this is somebody between.
            0 | 20_001 => foreign_answer(answer),
            40_001 | 40_104 | 40_105 => Verdict::Unauthorized { reason },
            40_100 => retry(RetryClass::Throttled),
            40_002 => {
                match batch_index(&envelope.message).filter(|index| *index < batch.events.len()) {
                    Some(index) => Verdict::RejectedEvents {
                        events: vec![(index, reason)],
                    },
                    None => Verdict::RejectedBatch { reason },
                }
            }
            50_000..=51_999 => retry(RetryClass::Transient),
            _ if answer.status >= 500 => retry(RetryClass::Transient),
            _ => retry(RetryClass::Unknown),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    request_id: String,
}

/// Reads which event is meant by `Batch.3.properties.value: …`.
fn batch_index(message: &str) -> Option<usize> {
    let rest = message.split_once("Batch.")?.1;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

fn write_user(event: &Merged<'_>, out: &mut String) {
    let mut user = Object::begin(out);
    body::texts(&mut user, "email", &event.digests(DigestKey::Email));
    body::texts(&mut user, "phone", &event.digests(DigestKey::PhoneE164));
    body::texts(
        &mut user,
        "external_id",
        &event.first_digests([DigestKey::ExternalIdTrimmed, DigestKey::ExternalId]),
    );
    body::texts(
        &mut user,
        "first_name",
        &event.digests(DigestKey::FirstName),
    );
    body::texts(&mut user, "last_name", &event.digests(DigestKey::LastName));
    body::texts(&mut user, "zip_code", &event.digests(DigestKey::Zip));
    let click = event
        .browser_id(BrowserKey::Ttclid)
        .or_else(|| event.click_id("ttclid").map(|(click, _)| click))
        .filter(|click| is_plain(click) && click.len() <= MAX_CLICK_ID_BYTES);
    user.text_opt("ttclid", click);
    user.text_opt(
        "ttp",
        event
            .browser_id(BrowserKey::Ttp)
            .filter(|ttp| is_plain(ttp)),
    );
    user.text_opt("ip", event.ip());
    user.text_opt("user_agent", event.user_agent());
    user.end();
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn write_properties(props: &Props, out: &mut String) {
    let mut object = Object::begin(out);
    let currency = props.currency.filter(|code| is_supported(*code));
    let has_money = currency.is_some();
    if let Some(currency) = currency {
        body::amount(&mut object, "value", props.worth());
        object.text("currency", currency.as_str());
    }
    body::objects(&mut object, "contents", &props.items, |content, item| {
        // Always a text: a number is refused.
        content.text_opt("content_id", item.item_id.as_deref());
        content.text("content_type", "product");
        content.text_opt("content_name", item.item_name.as_deref());
        content.text_opt("content_category", item.item_category.as_deref());
        content.text_opt("brand", item.item_brand.as_deref());
        if has_money {
            // A free item has a price of zero, not none.
            body::amount(content, "price", item.price);
        }
        if let Some(quantity) = body::pieces(item.quantity) {
            content.int("quantity", quantity);
        }
    });
    let ids: Vec<&str> = props
        .items
        .iter()
        .filter_map(|item| item.item_id.as_deref())
        .collect();
    body::texts(&mut object, "content_ids", &ids);
    if !props.items.is_empty() {
        object.text("content_type", "product");
        let pieces = props
            .items
            .iter()
            .filter_map(|item| body::pieces(item.quantity));
        object.int("num_items", pieces.fold(0i64, i64::saturating_add));
    }
    object.text_opt("order_id", props.transaction_id.as_deref());
    object.text_opt("query", props.search_term.as_deref());
    object.text_opt("search_string", props.search_term.as_deref());
    object.end();
}

fn is_supported(currency: Currency) -> bool {
    CURRENCIES
        .as_bytes()
        .chunks_exact(3)
        .any(|listed| listed == currency.as_str().as_bytes())
}

#[cfg(test)]
#[path = "tiktok_tests.rs"]
mod tests;
