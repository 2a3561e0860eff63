//! What the other tools of the page are told about a decision, in each one's own words.
//!
//! Names: Google consent mode version 2, Microsoft UET, Meta pixel, TikTok pixel, Shopify Customer Privacy API. An ad platform is told yes
//! where marketing *and* sharing are allowed.

use crate::consent::{Purpose, Verdict};

/// A state as Google and Microsoft write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// `granted`
    Granted,
    /// `denied`
    Denied,
}

impl State {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }

    const fn of(is_allowed: bool) -> Self {
        if is_allowed {
            Self::Granted
        } else {
            Self::Denied
        }
    }
}

/// `gtag('consent', …)`, one field a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Google's own names
pub struct GoogleConsentMode {
    pub ad_storage: State,
    pub ad_user_data: State,
    pub ad_personalization: State,
    pub analytics_storage: State,
    pub functionality_storage: State,
    pub personalization_storage: State,
    pub security_storage: State,
}

impl GoogleConsentMode {
    /// Returns keys and states, in the order in which Google documents them.
    pub const fn entries(&self) -> [(&'static str, State); 7] {
        [
            ("ad_storage", self.ad_storage),
            ("ad_user_data", self.ad_user_data),
            ("ad_personalization", self.ad_personalization),
            ("analytics_storage", self.analytics_storage),
            ("functionality_storage", self.functionality_storage),
            ("personalization_storage", self.personalization_storage),
            ("security_storage", self.security_storage),
        ]
    }
}

/// `uetq.push('consent', …)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Microsoft's own name
pub struct MicrosoftUet {
    pub ad_storage: State,
}

/// `fbq('consent', …)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetaPixel {
    /// `grant`
    Grant,
    /// `revoke`
    Revoke,
}

impl MetaPixel {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
        }
    }
}

/// The method of TikTok's `ttq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TikTokPixel {
    /// `grantConsent`
    Grant,
    /// `revokeConsent`
    Revoke,
}

impl TikTokPixel {
    /// Returns the method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grantConsent",
            Self::Revoke => "revokeConsent",
        }
    }
}

/// `Shopify.customerPrivacy.setTrackingConsent(…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Shopify's own names
#[allow(clippy::struct_excessive_bools)] // Shopify's own form
pub struct Shopify {
    pub analytics: bool,
    pub marketing: bool,
    pub preferences: bool,
    pub sale_of_data: bool,
}

/// What everybody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbound {
    /// Google's tags.
    pub google: GoogleConsentMode,
    /// Microsoft's tag.
    pub microsoft: MicrosoftUet,
    /// Meta's pixel.
    pub meta: MetaPixel,
    /// TikTok's pixel.
    pub tiktok: TikTokPixel,
    /// Shopify's shop.
    pub shopify: Shopify,
}

/// Returns what everybody is told about a decision.
pub fn outbound(verdict: &Verdict) -> Outbound {
    let analytics = verdict.allows(Purpose::Analytics);
    let personalization = verdict.allows(Purpose::Personalization);
    let ads = verdict.allows_match_keys();
    Outbound {
        google: GoogleConsentMode {
            ad_storage: State::of(ads),
            ad_user_data: State::of(ads),
            ad_personalization: State::of(ads && personalization),
            analytics_storage: State::of(analytics),
            functionality_storage: State::Granted,
            personalization_storage: State::of(personalization),
            security_storage: State::Granted,
        },
        microsoft: MicrosoftUet {
            ad_storage: State::of(ads),
        },
        meta: if ads {
            MetaPixel::Grant
        } else {
            MetaPixel::Revoke
        },
        tiktok: if ads {
            TikTokPixel::Grant
        } else {
            TikTokPixel::Revoke
        },
        shopify: Shopify {
            analytics,
            marketing: verdict.allows(Purpose::Marketing),
            preferences: personalization,
            sale_of_data: verdict.allows(Purpose::ThirdPartySharing),
        },
    }
}
