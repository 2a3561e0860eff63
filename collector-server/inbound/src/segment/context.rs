//! `context` of a call: where, with what device and consent.

use std::borrow::Cow;

use firsthand_core::consent::Regime;
use firsthand_core::touchpoint::{CAMPAIGN_LABELS, arrival};
use firsthand_core::wire::{self, ConsentEvidence, Header, Page, Text, Touch, User};
use serde::Deserialize;

use super::Settings;
use crate::consent::{Absent, Answers};
use crate::json::{Members, Soft, Word, filled};
use crate::person;
use crate::touch::touch_of;

/// Where a choice of a consent manager comes from, on the receipt.
const BASIS: &str = "consent_manager";

/// The context of a call, what it lacks taken from its batch's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(borrow, default)]
    ip: Soft<Text<'a>>,
    #[serde(borrow, default)]
    user_agent: Soft<Text<'a>>,
    #[serde(borrow, default)]
    locale: Soft<Text<'a>>,
    #[serde(borrow, default)]
    timezone: Soft<Text<'a>>,
    #[serde(borrow, default)]
    screen: Soft<Screen<'a>>,
    #[serde(borrow, default)]
    library: Soft<Library<'a>>,
    #[serde(borrow, default)]
    page: Soft<Members<'a>>,
    #[serde(borrow, default)]
    campaign: Soft<Members<'a>>,
    #[serde(borrow, default)]
    traits: Soft<Members<'a>>,
    #[serde(borrow, default)]
    consent: Option<Soft<Consent<'a>>>,
    #[serde(borrow, default)]
    consent_management: Option<Soft<Management<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
struct Screen<'a> {
    #[serde(borrow)]
    width: Word<'a>,
    #[serde(borrow)]
    height: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Library<'a> {
    #[serde(borrow)]
    name: Word<'a>,
    #[serde(borrow, default)]
    version: Soft<Text<'a>>,
}

/// Segment's consent manager.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consent<'a> {
    #[serde(borrow, default)]
    category_preferences: Soft<Members<'a>>,
}

/// RudderStack's consent management.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Management<'a> {
    #[serde(borrow, default)]
    allowed_consent_ids: Soft<Vec<Word<'a>>>,
    #[serde(borrow, default)]
    denied_consent_ids: Soft<Vec<Word<'a>>>,
}

fn text(soft: Soft<Text<'_>>) -> Option<Cow<'_, str>> {
    soft.0.and_then(|text| filled(text.0))
}

impl<'a> Context<'a> {
    /// Reads a call's context over its batch's. One that is no object counts as empty.
    pub(super) fn read(own: Option<&'a str>, shared: Option<&'a str>) -> Self {
        let read = |raw: Option<&'a str>| -> Option<Self> { serde_json::from_str(raw?).ok() };
        match (read(own), read(shared)) {
            (Some(own), Some(shared)) => own.over(shared),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Self::default(),
        }
    }

    fn over(self, shared: Self) -> Self {
        fn first<T>(own: Soft<T>, shared: Soft<T>) -> Soft<T> {
            Soft(own.0.or(shared.0))
        }
        Self {
            ip: first(self.ip, shared.ip),
            user_agent: first(self.user_agent, shared.user_agent),
            locale: first(self.locale, shared.locale),
            timezone: first(self.timezone, shared.timezone),
            screen: first(self.screen, shared.screen),
            library: first(self.library, shared.library),
            page: first(self.page, shared.page),
            campaign: first(self.campaign, shared.campaign),
            traits: first(self.traits, shared.traits),
            consent: self.consent.or(shared.consent),
            consent_management: self.consent_management.or(shared.consent_management),
        }
    }

    /// Returns the page of the event: the call's own properties first.
    pub(super) fn page(&self, properties: &Members<'a>) -> Page<'a> {
        let of_context = |name| self.page.0.as_ref().and_then(|page| page.word(name));
        let member = |name| {
            let own = properties.word(name).and_then(filled);
            own.or_else(|| of_context(name).and_then(filled))
        };
        Page {
            // A product's `url` property is the product's, so the context's page comes first.
            url: of_context("url")
                .and_then(filled)
                .or_else(|| properties.word("url").and_then(filled))
                .filter(|url| url.starts_with("http")),
            referrer: member("referrer"),
            title: of_context("title")
                .and_then(filled)
                .or_else(|| properties.word("title").and_then(filled)),
        }
    }

    /// Returns what the events of a batch would share.
    pub(super) fn header(
        self,
        mut user: User<'a>,
        settings: &Settings,
        page: &Page<'_>,
        at_ms: i64,
    ) -> Header<'a> {
        let consent = self.evidence(settings, at_ms);
        let last_touch = self.touch(page, at_ms);
        if let Some(traits) = &self.traits.0 {
            person::take_traits(&mut user, traits);
        }
        let screen = self.screen.0;
        let library = self.library.0;
        Header {
            context: wire::Context {
                lang: text(self.locale),
                tz: text(self.timezone),
                screen: screen
                    .map(|screen| Cow::Owned(format!("{}x{}", screen.width.0, screen.height.0))),
                sdk: library.map(|library| match text(library.version) {
                    Some(version) => Cow::Owned(format!("{}/{version}", library.name.0)),
                    None => library.name.0,
                }),
                ip: text(self.ip),
                ua: text(self.user_agent),
                ..wire::Context::default()
            },
            consent,
            user,
            first_touch: None,
            last_touch,
        }
    }

    fn evidence(&self, settings: &Settings, at_ms: i64) -> ConsentEvidence<'static> {
        let mut answers = Answers::default();
        let mut is_unreadable = false;
        match &self.consent {
            Some(Soft(Some(Consent {
                category_preferences: Soft(Some(preferences)),
            }))) => answers.add_preferences(&settings.categories, preferences),
            Some(_) => is_unreadable = true,
            None => {}
        }
        match &self.consent_management {
            Some(Soft(Some(management))) => {
                for (ids, answer) in [
                    (&management.allowed_consent_ids, true),
                    (&management.denied_consent_ids, false),
                ] {
                    for id in ids.0.iter().flatten() {
                        answers.add(&settings.categories, &id.0, answer);
                    }
                }
            }
            Some(_) => is_unreadable = true,
            None => {}
        }
        match answers.choice(settings.policy_version, at_ms) {
            Some(choice) => ConsentEvidence {
                regime: Regime::None,
                choice: Some(choice),
                basis: Some(Cow::Borrowed(BASIS)),
                ..ConsentEvidence::default()
            },
            // What is there and cannot be understood is never the law's yes.
            None if is_unreadable
                || self.consent.is_some()
                || self.consent_management.is_some() =>
            {
                Absent::No.evidence()
            }
            None => settings.absent.evidence(),
        }
    }

    /// Returns the arrival that the page's address and the campaign tell of.
    fn touch(&self, page: &Page<'_>, at_ms: i64) -> Option<Touch<'a>> {
        let url = page.url.as_deref().unwrap_or_default();
        let referrer = page.referrer.as_deref().unwrap_or_default();
        let seen = arrival(url, referrer, &[], at_ms);
        let mut touch = seen.map(touch_of).unwrap_or_default();
        for (name, raw) in self.campaign.0.iter().flat_map(|campaign| &campaign.0) {
            // Segment writes the campaign's name as `name`, its label in the address is `utm_campaign`.
            let label = if name == "name" { "campaign" } else { name };
            let Some(known) = CAMPAIGN_LABELS.iter().find(|known| **known == label) else {
                continue;
            };
            if let Some(value) = crate::json::word(raw).and_then(filled)
                && !touch.utm.iter().any(|(named, _)| named == known)
            {
                touch.utm.push((Cow::Borrowed(known), value));
            }
        }
        if touch == Touch::default() {
            return None;
        }
        touch.at = at_ms;
        if touch.url.is_empty() {
            touch.url = Cow::Owned(url.to_owned());
        }
        Some(touch)
    }
}
