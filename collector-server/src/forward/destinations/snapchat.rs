//! Snapchat Conversions API v3: `POST {base}/v3/{pixel_id}/events?access_token=…`.
//!
//! The token is part of the address. What a refusal of one event does to the others is not documented, so a
//! refused request is halved. Sources: Snap's pages on the Conversions API (using it, parameters,
//! deduplication, verifying a set-up); connectors where they are silent, see `docs/destinations/snapchat.md`.

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::event::Props;
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, Setup, Verdict, Words, body, click, failed_answer,
    foreign_answer, hours, is_limited, is_website, percent,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_token};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::{Secret, SecretSource};

/// Snapchat. 2000 events a request; 2 MB are what third parties say. 37 days by the page, 28 by a connector.
/// Names: the page's list; shops' own are `CUSTOM_EVENT_1` to `_5`, so only by `rename`.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "snapchat",
    limits: PlatformLimits {
        base_url: "https://tr.snapchat.com",
        max_batch_events: 2_000,
        default_batch_events: 200,
        max_body_bytes: 1_900_000,
        max_event_age: hours(37 * 24),
        default_max_event_age: hours(27 * 24),
        default_concurrency: 2,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("page_view", "PAGE_VIEW"),
            ("view_item", "VIEW_CONTENT"),
            ("view_item_list", "LIST_VIEW"),
            ("search", "SEARCH"),
            ("add_to_wishlist", "ADD_TO_WISHLIST"),
            ("add_to_cart", "ADD_CART"),
            ("begin_checkout", "START_CHECKOUT"),
            ("add_payment_info", "ADD_BILLING"),
            ("purchase", "PURCHASE"),
            ("sign_up", "SIGN_UP"),
            ("login", "LOGIN"),
            ("share", "SHARE"),
            ("subscribe", "SUBSCRIBE"),
        ],
        others: Others::None,
    },
    account: AccountReader::of::<SnapchatConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Values of `action_source`.
const SOURCES: [&str; 3] = ["WEB", "MOBILE_APP", "OFFLINE"];

/// The keys of a pixel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapchatConfig {
    /// Pixel id (or Snap app id).
    pixel_id: String,
    /// Conversions API token.
    access_token: SecretSource,
    /// Snap checks and counts nothing.
    #[serde(default)]
    validate_only: bool,
    /// Code of the test view.
    #[serde(default)]
    test_event_code: Option<String>,
    /// When limited data use is asked for.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
    /// Country of limited data use, in the platform's numbers.
    #[serde(default)]
    limited_data_use_country: Option<u32>,
    /// State of limited data use, in the platform's numbers.
    #[serde(default)]
    limited_data_use_state: Option<u32>,
    /// `action_source` of events that no browser reported.
    #[serde(default = "default_server_action_source")]
    server_action_source: String,
}

fn default_server_action_source() -> String {
    "OFFLINE".to_owned()
}

impl Account for SnapchatConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "pixel_id",
            is_token(&self.pixel_id),
            "must be the pixel's id, such as 9f6d8a1e-0000-4000-8000-123456789abc",
        )?;
        checks.require(
            "test_event_code",
            self.test_event_code.as_deref().is_none_or(is_token),
            "must be letters, digits, - and _, or be left out",
        )?;
        checks.require(
            "server_action_source",
            SOURCES.contains(&self.server_action_source.as_str()),
            &format!("must be one of {}", SOURCES.join(", ")),
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        // As it stands in the address.
        let in_address = percent::encode(token.expose());
        setup.hide(Secret::new(&in_address));
        Ok(setup.connected(self, Secret::new(&in_address)))
    }
}

/// A pixel; its token is encoded for an address.
type Snapchat = Connected<SnapchatConfig>;

impl Destination for Snapchat {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let has_device = event.ip().is_some() && event.user_agent().is_some();
        let has_digest = [DigestKey::Email, DigestKey::Phone]
            .iter()
            .any(|kind| event.user.digest(*kind).is_some());
        if !has_device && !has_digest {
            return Err(Skip::new(
                "no_match_key",
                "snapchat needs an e-mail or phone digest, or address and user agent",
            ));
        }
        let mut out = String::with_capacity(1_024);
        let mut object = Object::begin(&mut out);
        object.text("event_name", &name);
        object.int("event_time", event.at_ms.min(now_ms) / 1_000);
        // At the top level: beside the parameters it would not be seen.
        object.text("event_id", event.event_id);
        object.text(
            "action_source",
            if is_website(event) {
                "WEB"
            } else {
                &self.config.server_action_source
            },
        );
        object.text_opt("event_source_url", event.page_url());
        if is_limited(self.config.limited_data_use, permission) {
            object.key("data_processing_options").push_str("[\"LDU\"]");
            for (key, number) in [
                (
                    "data_processing_options_country",
                    self.config.limited_data_use_country,
                ),
                (
                    "data_processing_options_state",
                    self.config.limited_data_use_state,
                ),
            ] {
                if let Some(number) = number {
                    object.int(key, i64::from(number));
                }
            }
        }
        write_user(event, object.key("user_data"));
        write_custom(&event.props, object.key("custom_data"));
        object.end();
        Ok(Mapped {
            event: out,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity());
        let mut object = Object::begin(&mut out);
        object.text_opt("test_event_code", self.config.test_event_code.as_deref());
        body::list(object.key("data"), batch.events);
        object.end();
        let door = if self.config.validate_only {
            "events/validate"
        } else {
            "events"
        };
        let url = format!(
            "{}/v3/{}/{door}?access_token={}",
            self.base_url,
            self.config.pixel_id,
            self.token.expose()
        );
        Outgoing::json(url, out)
    }

    fn interpret(&self, answer: &Answer, _batch: &Batch<'_>) -> Verdict {
        let Ok(report) = serde_json::from_str::<Report>(&answer.body) else {
            return foreign_answer(answer);
        };
        let reason = Words::new(format!("snapchat {}", answer.status))
            .saying(format!("{} {}", report.status, report.reason).trim());
        match answer.status {
            // The older version said so with HTTP 200.
            200..=299 if matches!(report.status.as_str(), "INVALID" | "ERROR" | "FAILED") => {
                Verdict::RejectedBatch { reason }
            }
            200..=299 if self.config.validate_only => Verdict::Checked,
            200..=299 => Verdict::Delivered,
            _ => failed_answer(answer, reason),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Report {
    status: String,
    reason: String,
}

fn write_user(event: &Merged<'_>, out: &mut String) {
    let mut user = Object::begin(out);
    body::digests(&mut user, "em", event, [DigestKey::Email]);
    body::digests(&mut user, "ph", event, [DigestKey::Phone]);
    let mut one = |key: &str, kinds: [DigestKey; 2]| body::digest(&mut user, key, event, kinds);
    // The page speaks of trimming and lower case only: the form that Google has, too.
    one("fn", [DigestKey::FirstNameGoogle, DigestKey::FirstName]);
    one("ln", [DigestKey::LastNameGoogle, DigestKey::LastName]);
    one("ge", [DigestKey::Gender; 2]);
    one("db", [DigestKey::DateOfBirth; 2]);
    one("ct", [DigestKey::City; 2]);
    one("st", [DigestKey::State; 2]);
    one("zp", [DigestKey::Zip; 2]);
    one("country", [DigestKey::Country; 2]);
    one("external_id", [DigestKey::ExternalId; 2]);
    user.text_opt("client_ip_address", event.ip());
    user.text_opt("client_user_agent", event.user_agent());
    user.text_opt("sc_click_id", click(event, "ScCid"));
    user.text_opt("sc_cookie1", event.browser_id(BrowserKey::ScCookie));
    user.end();
}

fn write_custom(props: &Props, out: &mut String) {
    let mut object = Object::begin(out);
    let has_money = props.currency.is_some();
    if let Some(currency) = props.currency {
        object.text("currency", currency.as_str());
        body::amount(&mut object, "value", props.worth());
    }
    body::texts(&mut object, "content_ids", &body::item_ids(props));
    body::objects(&mut object, "contents", &props.items, |content, item| {
        content.text_opt("id", item.item_id.as_deref());
        content.text_opt("brand", item.item_brand.as_deref());
        if let Some(pieces) = body::pieces(item.quantity) {
            content.int("quantity", pieces);
        }
        if has_money {
            body::amount(content, "item_price", item.price);
        }
    });
    if let Some(pieces) = body::all_pieces(props) {
        object.int("num_items", pieces);
    }
    object.text_opt("order_id", props.transaction_id.as_deref());
    object.text_opt("search_string", props.search_term.as_deref());
    object.end();
}

#[cfg(test)]
#[path = "snapchat_tests.rs"]
mod tests;
