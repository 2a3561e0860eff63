//! Microsoft Advertising's UET Conversions API: `POST {base}/v1/{tag_id}/events`.
//!
//! With `continueOnValidationError` the good events of a request are taken and the others named by their index.
//! Sources: "Conversions API (CAPI) Guide" on learn.microsoft.com; what connectors disagree about is a key of
//! the account, see `docs/destinations/microsoft.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::event::Props;
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Connected, Destination, EventVerdict, Mapped, Outgoing,
    PlatformLimits, PlatformSpec, Setup, Verdict, Words, body, click, failed_answer,
    foreign_answer, hours, is_limited,
};
use crate::forward::config::{Checks, ConfigError, LimitedDataUse, is_digits};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// Microsoft Advertising. 1000 events a request, 7 days; 1 MB a body is what third parties say. Names are the
/// shop's own choice (a goal is configured on them): the canonical ones.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "microsoft",
    limits: PlatformLimits {
        base_url: "https://capi.uet.microsoft.com",
        max_batch_events: 1_000,
        default_batch_events: 200,
        max_body_bytes: 900_000,
        max_event_age: hours(168),
        default_max_event_age: hours(164),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("page_view", PAGE_LOAD),
            ("view_item", "view_item"),
            ("view_item_list", "view_item_list"),
            ("search", "search"),
            ("add_to_wishlist", "add_to_wishlist"),
            ("add_to_cart", "add_to_cart"),
            ("view_cart", "view_cart"),
            ("begin_checkout", "begin_checkout"),
            ("add_payment_info", "add_payment_info"),
            ("purchase", "purchase"),
            ("generate_lead", "generate_lead"),
            ("sign_up", "sign_up"),
            ("subscribe", "subscribe"),
        ],
        others: Others::Own,
    },
    account: AccountReader::of::<MicrosoftConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// The type of an event that has no name.
const PAGE_LOAD: &str = "pageLoad";

/// Canonical names and the kind of page that remarketing wants to know.
const PAGE_TYPES: [(&str, &str); 6] = [
    ("view_item", "product"),
    ("view_item_list", "category"),
    ("search", "searchresults"),
    ("add_to_cart", "cart"),
    ("view_cart", "cart"),
    ("purchase", "purchase"),
];

/// The form of an e-mail address before it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EmailForm {
    /// Without dots and tag, as two connectors quote the guide.
    #[default]
    Reduced,
    /// Trimmed and lower-case only, as a third one does.
    Plain,
}

/// The form of a phone number before it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhoneForm {
    /// E.164 with plus.
    #[default]
    E164,
    /// The same digits without plus.
    Digits,
}

/// Where `continueOnValidationError` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ContinueOnError {
    /// Beside the events.
    #[default]
    Request,
    /// In every event.
    Event,
    /// Nowhere: one wrong event fails its request.
    Never,
}

/// The keys of a UET tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MicrosoftConfig {
    /// UET tag id.
    tag_id: String,
    /// Token of the tag.
    access_token: SecretSource,
    /// Form of e-mail addresses.
    #[serde(default)]
    email_form: EmailForm,
    /// Form of phone numbers.
    #[serde(default)]
    phone_form: PhoneForm,
    /// Whether, and where, Microsoft is asked to take the good events of a request with a bad one.
    #[serde(default)]
    continue_on_validation_error: ContinueOnError,
    /// When `adStorageConsent` is `D` although the event may be sent.
    #[serde(default)]
    limited_data_use: LimitedDataUse,
}

impl Account for MicrosoftConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "tag_id",
            is_digits(&self.tag_id),
            "must be the UET tag's id, digits only",
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let token = setup.secret("access_token", &self.access_token)?;
        Ok(setup.connected(self, token))
    }
}

/// A UET tag.
type Microsoft = Connected<MicrosoftConfig>;

impl Destination for Microsoft {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let is_page_load = *name == *PAGE_LOAD;
        if is_page_load && event.page_url().is_none() {
            return Err(Skip::new(
                "incomplete",
                "microsoft takes a page load with the page's address only",
            ));
        }
        let mut user = String::with_capacity(256);
        self.write_user(event, &mut user)?;
        let mut out = String::with_capacity(1_024);
        let mut object = Object::begin(&mut out);
        object.text("eventType", if is_page_load { PAGE_LOAD } else { "custom" });
        object.text("eventId", event.event_id);
        if !is_page_load {
            object.text("eventName", &name);
        }
        object.int("eventTime", event.at_ms.min(now_ms) / 1_000);
        object.text_opt("eventSourceUrl", event.page_url());
        object.text_opt("referrerUrl", event.referrer());
        object.text_opt("pageTitle", event.page.title.as_deref());
        let is_denied = !permission.verdict.allows_match_keys()
            || is_limited(self.config.limited_data_use, permission);
        object.text("adStorageConsent", if is_denied { "D" } else { "G" });
        if self.config.continue_on_validation_error == ContinueOnError::Event {
            object.bool_opt("continueOnValidationError", Some(true));
        }
        object.key("userData").push_str(&user);
        write_custom(event.name, &event.props, object.key("customData"));
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
        if self.config.continue_on_validation_error == ContinueOnError::Request {
            object.bool_opt("continueOnValidationError", Some(true));
        }
        object.end();
        let url = format!("{}/v1/{}/events", self.base_url, self.config.tag_id);
        Outgoing::json(url, out).header("authorization", format!("Bearer {}", self.token.expose()))
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        let Ok(report) = serde_json::from_str::<Report>(&answer.body) else {
            return foreign_answer(answer);
        };
        let sent = batch.events.len();
        let faults = report.faults(answer.status, sent);
        if answer.is_success() {
            return match report.events_received {
                Some(_) if faults.is_empty() => Verdict::Delivered,
                Some(_) => Verdict::Each(each(faults, sent)),
                None => foreign_answer(answer),
            };
        }
        match answer.status {
            400 | 413 | 422 if !faults.is_empty() => Verdict::RejectedEvents {
                events: faults.into_iter().collect(),
            },
            status => failed_answer(answer, report.words(status, "")),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Report {
    events_received: Option<usize>,
    trace_id: String,
    error: Option<ApiError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ApiError {
    message: String,
    details: Vec<Detail>,
}

/// `attemptedValue` is not read: it repeats what was sent.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    index: Option<usize>,
    property_name: String,
    error_message: String,
    is_warning: bool,
}

impl Report {
    fn words(&self, status: u16, about_event: &str) -> Words {
        let message = self.error.as_ref().map_or("", |error| &error.message);
        let text = if about_event.is_empty() {
            message
        } else {
            about_event
        };
        Words::new(format!("microsoft {status}"))
            .saying(text)
            .traced("traceId", &self.trace_id)
    }

    /// Returns the events that are wrong, each with the first that is said of it. Warnings are no failures.
    fn faults(&self, status: u16, sent: usize) -> BTreeMap<usize, Words> {
        let mut found = BTreeMap::new();
        for detail in self.error.iter().flat_map(|error| &error.details) {
            if let Some(index) = detail.index.filter(|index| *index < sent)
                && !detail.is_warning
            {
                let about = format!("{}: {}", detail.property_name, detail.error_message);
                found
                    .entry(index)
                    .or_insert_with(|| self.words(status, &about));
            }
        }
        found
    }
}

fn each(mut faults: BTreeMap<usize, Words>, sent: usize) -> Vec<EventVerdict> {
    (0..sent)
        .map(|index| match faults.remove(&index) {
            Some(reason) => EventVerdict::Rejected { reason },
            None => EventVerdict::Delivered,
        })
        .collect()
}

impl Microsoft {
    /// Writes who it was, or says that nobody could be matched.
    fn write_user(&self, event: &Merged<'_>, out: &mut String) -> Result<(), Skip> {
        let emails = match self.config.email_form {
            EmailForm::Reduced => {
                event.first_digests([DigestKey::EmailMicrosoft, DigestKey::Email])
            }
            EmailForm::Plain => event.digests(DigestKey::Email),
        };
        let phones = event.digests(match self.config.phone_form {
            PhoneForm::E164 => DigestKey::PhoneE164,
            PhoneForm::Digits => DigestKey::Phone,
        });
        let click = click(event, "msclkid");
        let (email, phone) = (emails.first().copied(), phones.first().copied());
        let has_device = event.ip().is_some() && event.user_agent().is_some();
        if email.or(phone).or(click).is_none() && !has_device {
            return Err(Skip::new(
                "no_match_key",
                "microsoft needs an e-mail or phone digest, its click id, or address and user agent",
            ));
        }
        let mut user = Object::begin(out);
        user.text_opt("em", email);
        user.text_opt("ph", phone);
        user.text_opt("msclkid", click);
        user.text_opt("clientIpAddress", event.ip());
        user.text_opt("clientUserAgent", event.user_agent());
        user.end();
        Ok(())
    }
}

fn write_custom(canonical: &str, props: &Props, out: &mut String) {
    let mut object = Object::begin(out);
    let has_money = props.currency.is_some();
    if let Some(currency) = props.currency {
        body::amount(&mut object, "value", props.worth());
        object.text("currency", currency.as_str());
    }
    object.text_opt("transactionId", props.transaction_id.as_deref());
    object.text_opt("searchTerm", props.search_term.as_deref());
    let page_type = PAGE_TYPES.iter().find(|(name, _)| *name == canonical);
    object.text_opt("pageType", page_type.map(|(_, kind)| *kind));
    body::texts(&mut object, "itemIds", &body::item_ids(props));
    body::objects(&mut object, "items", &props.items, |one, item| {
        one.text_opt("id", item.item_id.as_deref());
        one.text_opt("name", item.item_name.as_deref());
        if has_money {
            body::amount(one, "price", item.price);
        }
        if let Some(pieces) = body::pieces(item.quantity) {
            one.int("quantity", pieces);
        }
    });
    object.end();
}

#[cfg(test)]
#[path = "microsoft_tests.rs"]
mod tests;
