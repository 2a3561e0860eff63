//! Reddit Conversions API v3: `POST {base}/api/v3/pixels/{pixel_id}/conversion_events`.
//!
//! One wrong event fails its request and is not named: the request is halved. No specification is public; what
//! connectors and quotes of Reddit's help disagree about is a key of the account, see
//! `docs/destinations/reddit.md`.

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::event::{Decimal, Props};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, Setup, Verdict, Words, body, click, failed_answer,
    foreign_answer, hours, is_limited, is_website,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_token};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// Reddit. 1000 events a request, 1000 requests a second, 7 days by its help; no size of a body is known, 1 MB
/// is ours.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "reddit",
    limits: PlatformLimits {
        base_url: "https://ads-api.reddit.com",
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
            ("page_view", "PAGE_VISIT"),
            ("view_item", "VIEW_CONTENT"),
            ("search", "SEARCH"),
            ("add_to_wishlist", "ADD_TO_WISHLIST"),
            ("add_to_cart", "ADD_TO_CART"),
            ("purchase", "PURCHASE"),
            ("generate_lead", "LEAD"),
            ("sign_up", "SIGN_UP"),
        ],
        others: Others::As(CUSTOM),
    },
    account: AccountReader::of::<RedditConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// The type of a shop's own events.
const CUSTOM: &str = "CUSTOM";
/// Longest name of a shop's own event, in characters.
const MAX_NAME_CHARS: usize = 64;
/// Types that may tell how many pieces there were, and with the two below also what they cost: on any other
/// one Reddit's help has neither.
const COUNTED: [&str; 4] = ["PURCHASE", "ADD_TO_CART", "ADD_TO_WISHLIST", CUSTOM];
const PRICED: [&str; 2] = ["LEAD", "SIGN_UP"];
/// Values of `action_source` where no browser was.
const SOURCES: [&str; 4] = ["WEBSITE", "APP", "PHYSICAL_STORE", "OTHER"];

/// What an amount is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueUnit {
    /// Euros, yen.
    #[default]
    Major,
    /// Cents, yen.
    Minor,
}

/// Where the id of a test stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TestIdPlace {
    /// Beside the events.
    #[default]
    Data,
    /// At the top of the request.
    Request,
}

/// The keys of a pixel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RedditConfig {
    /// Pixel id, often the ad account's.
    pixel_id: String,
    /// Conversion access token.
    access_token: SecretSource,
    /// Whether `value` is sent in major or minor units: connectors contradict each other.
    #[serde(default)]
    value_unit: ValueUnit,
    /// Id of a test in Events Manager.
    #[serde(default)]
    test_id: Option<String>,
    /// Where it stands in a request: reports contradict each other.
    #[serde(default)]
    test_id_place: TestIdPlace,
    /// When limited data use is asked for.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
    /// Country of limited data use, ISO 3166-1.
    #[serde(default)]
    limited_data_use_country: Option<String>,
    /// Region of limited data use, ISO 3166-2.
    #[serde(default)]
    limited_data_use_region: Option<String>,
    /// `action_source` of events that no browser reported.
    #[serde(default = "default_server_action_source")]
    server_action_source: String,
}

fn default_server_action_source() -> String {
    "OTHER".to_owned()
}

impl Account for RedditConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "pixel_id",
            is_token(&self.pixel_id),
            "must be the pixel's id, such as a2_abc123",
        )?;
        for (key, text) in [
            ("test_id", &self.test_id),
            ("limited_data_use_country", &self.limited_data_use_country),
            ("limited_data_use_region", &self.limited_data_use_region),
        ] {
            checks.require(
                key,
                text.as_deref().is_none_or(is_token),
                "must be letters, digits, - and _, or be left out",
            )?;
        }
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

/// A pixel.
type Reddit = Connected<RedditConfig>;

impl Destination for Reddit {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let click = click(event, "rdt_cid");
        if click.is_none() && !is_matchable(event) {
            return Err(Skip::new(
                "no_match_key",
                "reddit needs a click id, its browser id, a digest of e-mail or external id, or address, user agent and screen",
            ));
        }
        let is_standard = SPEC.names.table.iter().any(|(_, own)| *own == name);
        let kind = if is_standard { &*name } else { CUSTOM };
        let mut out = String::with_capacity(1_024);
        let mut object = Object::begin(&mut out);
        // Milliseconds, unlike most.
        object.int("event_at", event.at_ms.min(now_ms));
        object.text(
            "action_source",
            if is_website(event) {
                "WEBSITE"
            } else {
                &self.config.server_action_source
            },
        );
        object.text_opt("event_source_url", event.page_url());
        let mut of_type = Object::begin(object.key("type"));
        of_type.text("tracking_type", kind);
        if kind == CUSTOM {
            // An operator's name, else the shop's.
            let own = if *name == *CUSTOM { event.name } else { &*name };
            of_type.text("custom_event_name", &body::cut(own, MAX_NAME_CHARS));
        }
        of_type.end();
        object.text_opt("click_id", click);
        self.write_user(event, permission, object.key("user"));
        self.write_metadata(kind, event, object.key("metadata"));
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        let test_id = self.config.test_id.as_deref();
        let place = self.config.test_id_place;
        object.text_opt("test_id", test_id.filter(|_| place == TestIdPlace::Request));
        let mut data = Object::begin(object.key("data"));
        data.text_opt("test_id", test_id.filter(|_| place == TestIdPlace::Data));
        body::list(data.key("events"), batch.events);
        data.end();
        object.end();
        let url = format!(
            "{}/api/v3/pixels/{}/conversion_events",
            self.base_url, self.config.pixel_id
        );
        Outgoing::json(url, out).header("authorization", format!("Bearer {}", self.token.expose()))
    }

    fn interpret(&self, answer: &Answer, _batch: &Batch<'_>) -> Verdict {
        if answer.is_success() {
            return match serde_json::from_str::<Taken>(&answer.body) {
                Ok(_) => Verdict::Delivered,
                Err(_) => foreign_answer(answer),
            };
        }
        let Ok(Failure { error }) = serde_json::from_str(&answer.body) else {
            return foreign_answer(answer);
        };
        let reason = Words::new(format!("reddit {}", answer.status)).saying(error.message);
        failed_answer(answer, reason)
    }
}

/// Its presence is what tells Reddit's answer from another's.
#[derive(Deserialize)]
struct Taken {
    #[serde(rename = "data")]
    _data: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Failure {
    error: ApiError,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    message: String,
}

/// Whether there is what connectors say Reddit asks for, beside a click id.
fn is_matchable(event: &Merged<'_>) -> bool {
    let has = |kind| event.user.digest(kind).is_some();
    let has_device =
        event.ip().is_some() && event.user_agent().is_some() && screen(event).is_some();
    has(DigestKey::Email)
        || has(DigestKey::ExternalId)
        || event.browser_id(BrowserKey::RdtUuid).is_some()
        || has_device
}

/// Returns width and height of the screen.
fn screen(event: &Merged<'_>) -> Option<(u32, u32)> {
    let (width, height) = event.context.screen.as_deref()?.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    (width > 0 && height > 0).then_some((width, height))
}

impl Reddit {
    fn write_user(&self, event: &Merged<'_>, permission: &Permission, out: &mut String) {
        let mut user = Object::begin(out);
        body::digest(
            &mut user,
            "email",
            event,
            [DigestKey::EmailReddit, DigestKey::Email],
        );
        body::digest(&mut user, "phone_number", event, [DigestKey::PhoneE164]);
        body::digest(
            &mut user,
            "external_id",
            event,
            [DigestKey::ExternalIdTrimmed, DigestKey::ExternalId],
        );
        user.text_opt("ip_address", event.ip());
        user.text_opt("user_agent", event.user_agent());
        user.text_opt("uuid", event.browser_id(BrowserKey::RdtUuid));
        if let Some((width, height)) = screen(event) {
            let mut size = Object::begin(user.key("screen_dimensions"));
            size.int("width", i64::from(width));
            size.int("height", i64::from(height));
            size.end();
        }
        if is_limited(self.config.limited_data_use, permission) {
            let mut options = Object::begin(user.key("data_processing_options"));
            body::texts(&mut options, "modes", &["LDU"]);
            options.text_opt("country", self.config.limited_data_use_country.as_deref());
            options.text_opt("region", self.config.limited_data_use_region.as_deref());
            options.end();
        }
        user.end();
    }

    fn write_metadata(&self, kind: &str, event: &Merged<'_>, out: &mut String) {
        let mut object = Object::begin(out);
        // Never hashed: it must equal what the pixel sends.
        object.text("conversion_id", event.event_id);
        let props = &event.props;
        let is_counted = COUNTED.contains(&kind);
        if is_counted || PRICED.contains(&kind) {
            self.write_money(props, &mut object);
        }
        if is_counted && let Some(pieces) = body::all_pieces(props) {
            object.int("item_count", pieces);
        }
        let named: Vec<_> = props
            .items
            .iter()
            .filter(|item| item.item_id.is_some() || item.item_name.is_some())
            .collect();
        body::objects(&mut object, "products", &named, |product, item| {
            product.text_opt("id", item.item_id.as_deref());
            product.text_opt("name", item.item_name.as_deref());
            product.text_opt("category", item.item_category.as_deref());
        });
        object.end();
    }

    fn write_money(&self, props: &Props, object: &mut Object<'_>) {
        let (Some(currency), Some(value)) = (props.currency, props.worth()) else {
            return;
        };
        match self.config.value_unit {
            ValueUnit::Major => body::amount(object, "value", Some(value)),
            ValueUnit::Minor => {
                let units = Decimal::from_minor(10_i64.pow(currency.exponent()), 0);
                // A tenth of a cent is no number of cents: what remains is exact, or is not sent.
                let minor = value.checked_mul(units).and_then(Decimal::as_integer);
                if let Some(minor) = minor {
                    object.int("value", minor);
                }
            }
        }
        object.text("currency", currency.as_str());
    }
}

#[cfg(test)]
#[path = "reddit_tests.rs"]
mod tests;
