//! The channel of an arrival, by the ordered rules of Google Analytics' default channel group.
//!
//! What decides, in this order: a payment-proving click id (an ad was clicked, whatever the labels say), then the campaign labels through
//! the ordered rules, then the referrer through the host lists. `fbclid` proves no payment: Meta puts it on every link out of its apps, so
//! alone it means a social network. `srsltid` marks a free merchant listing.

use super::arrival::Touch;
use super::channel_hosts::{Site, site_of, site_of_path, site_of_source};
use super::click::{Platform, click_id};
use super::url::split;

/// A channel of the default channel group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Channel {
    Direct,
    CrossNetwork,
    PaidShopping,
    PaidSearch,
    PaidSocial,
    PaidVideo,
    Display,
    PaidOther,
    OrganicShopping,
    OrganicSocial,
    OrganicVideo,
    OrganicSearch,
    AiAssistant,
    Referral,
    Email,
    Affiliates,
    Audio,
    Sms,
    MobilePushNotifications,
    Unassigned,
}

impl Channel {
    /// Returns Google's name of the channel.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "Direct",
            Self::CrossNetwork => "Cross-network",
            Self::PaidShopping => "Paid Shopping",
            Self::PaidSearch => "Paid Search",
            Self::PaidSocial => "Paid Social",
            Self::PaidVideo => "Paid Video",
            Self::Display => "Display",
            Self::PaidOther => "Paid Other",
            Self::OrganicShopping => "Organic Shopping",
            Self::OrganicSocial => "Organic Social",
            Self::OrganicVideo => "Organic Video",
            Self::OrganicSearch => "Organic Search",
            Self::AiAssistant => "AI Assistant",
            Self::Referral => "Referral",
            Self::Email => "Email",
            Self::Affiliates => "Affiliates",
            Self::Audio => "Audio",
            Self::Sms => "SMS",
            Self::MobilePushNotifications => "Mobile Push Notifications",
            Self::Unassigned => "Unassigned",
        }
    }
}

/// Returns the channel of an arrival; no arrival is [`Channel::Direct`].
pub fn channel(touch: Option<&Touch>) -> Channel {
    match touch {
        Some(touch) => channel_of(&touch.referrer, &touch.utm, &touch.click),
        None => Channel::Direct,
    }
}

/// Returns the channel of an arrival in parts, as the wire carries them: labels without their `utm_`, click ids by parameter name.
pub fn channel_of<N: AsRef<str>, V: AsRef<str>>(
    referrer: &str,
    utm: &[(N, V)],
    click: &[(N, V)],
) -> Channel {
    let labels = Labels::of(utm);
    let mut names = click.iter().map(|(name, _)| name.as_ref());
    if let Some(channel) = names.clone().find_map(|name| by_paid_click(name, &labels)) {
        return channel;
    }
    if !labels.are_empty() {
        return by_labels(&labels);
    }
    names
        .find_map(by_free_click)
        .unwrap_or_else(|| by_referrer(referrer))
}

/// Campaign labels in lower case.
struct Labels {
    source: String,
    medium: String,
    campaign: String,
}

impl Labels {
    fn of<N: AsRef<str>, V: AsRef<str>>(utm: &[(N, V)]) -> Self {
        let label = |wanted: &str| {
            let found = utm.iter().find(|(name, _)| name.as_ref() == wanted);
            found.map_or_else(String::new, |(_, value)| {
                value.as_ref().trim().to_lowercase()
            })
        };
        Self {
            source: label("source"),
            medium: label("medium"),
            campaign: label("campaign"),
        }
    }

    /// A campaign name alone tells nothing: the referrer decides then.
    fn are_empty(&self) -> bool {
        self.source.is_empty() && self.medium.is_empty()
    }
}

/// Click ids that only a paid placement carries. A campaign that spans networks stays one.
fn by_paid_click(name: &str, labels: &Labels) -> Option<Channel> {
    let id = click_id(name)?;
    let channel = match id.platform {
        Platform::GoogleAds | Platform::Microsoft => {
            if labels.campaign.contains("cross-network") {
                Channel::CrossNetwork
            } else if names_shop(&labels.campaign) {
                Channel::PaidShopping
            } else if site_of_source(&labels.source) == Some(Site::Video) {
                Channel::PaidVideo
            } else {
                Channel::PaidSearch
            }
        }
        Platform::Yandex => Channel::PaidSearch,
        Platform::TikTok
        | Platform::X
        | Platform::LinkedIn
        | Platform::Reddit
        | Platform::Pinterest
        | Platform::Snapchat
        | Platform::Quora
        | Platform::Nextdoor => Channel::PaidSocial,
        Platform::GoogleMarketing
        | Platform::Taboola
        | Platform::Outbrain
        | Platform::TradeDesk
        | Platform::Yahoo => Channel::Display,
        Platform::Spotify => Channel::Audio,
        Platform::AppLovin => Channel::PaidOther,
        Platform::Impact
        | Platform::Awin
        | Platform::Cj
        | Platform::Rakuten
        | Platform::ShareASale => Channel::Affiliates,
        // Not paid, not only paid, or a name that does not tell.
        Platform::GoogleMerchant
        | Platform::Google
        | Platform::Meta
        | Platform::Instagram
        | Platform::Kochava
        | Platform::Klaviyo
        | Platform::Mailchimp
        | Platform::HubSpot
        | Platform::Marketo
        | Platform::Mail
        | Platform::Other => return None,
    };
    Some(channel)
}

fn by_free_click(name: &str) -> Option<Channel> {
    match click_id(name)?.platform {
        Platform::Meta | Platform::Instagram => Some(Channel::OrganicSocial),
        Platform::GoogleMerchant => Some(Channel::OrganicShopping),
        Platform::Mailchimp
        | Platform::Klaviyo
        | Platform::HubSpot
        | Platform::Marketo
        | Platform::Mail => Some(Channel::Email),
        _ => None,
    }
}

/// The ordered rules: first match wins.
fn by_labels(labels: &Labels) -> Channel {
    let Labels {
        source,
        medium,
        campaign,
    } = labels;
    let medium = medium.as_str();
    let site = site_of_source(source);
    let is_paid = is_paid(medium);
    let is_shopping = site == Some(Site::Shopping) || names_shop(campaign);
    if is_direct(source, medium) {
        return Channel::Direct;
    }
    if campaign.contains("cross-network") {
        return Channel::CrossNetwork;
    }
    if is_paid {
        match site {
            _ if is_shopping => return Channel::PaidShopping,
            Some(Site::Search) => return Channel::PaidSearch,
            Some(Site::Social) => return Channel::PaidSocial,
            Some(Site::Video) => return Channel::PaidVideo,
            _ => {}
        }
    }
    match medium {
        "display" | "banner" | "expandable" | "interstitial" | "cpm" => Channel::Display,
        _ if is_paid => Channel::PaidOther,
        _ if is_shopping => Channel::OrganicShopping,
        _ if site == Some(Site::Social) || SOCIAL_MEDIA.contains(&medium) => Channel::OrganicSocial,
        _ if site == Some(Site::Video) || medium.contains("video") => Channel::OrganicVideo,
        _ if site == Some(Site::Search) || medium == "organic" => Channel::OrganicSearch,
        "ai-assistant" => Channel::AiAssistant,
        "referral" | "app" | "link" => Channel::Referral,
        _ if is_mail(medium) || is_mail(source) => Channel::Email,
        "affiliate" => Channel::Affiliates,
        "audio" => Channel::Audio,
        _ if medium == "sms" || source == "sms" => Channel::Sms,
        _ if is_push(source, medium) => Channel::MobilePushNotifications,
        // Assistants label their links with a source and no medium.
        "" if site == Some(Site::Ai) => Channel::AiAssistant,
        _ => Channel::Unassigned,
    }
}

const SOCIAL_MEDIA: [&str; 6] = [
    "social",
    "social-network",
    "social-media",
    "sm",
    "social network",
    "social media",
];

fn by_referrer(referrer: &str) -> Channel {
    let Some(from) = split(referrer) else {
        return Channel::Direct;
    };
    match site_of_path(&from.host, from.path).or_else(|| site_of(&from.host)) {
        Some(Site::Search) => Channel::OrganicSearch,
        Some(Site::Social) => Channel::OrganicSocial,
        Some(Site::Shopping) => Channel::OrganicShopping,
        Some(Site::Video) => Channel::OrganicVideo,
        Some(Site::Ai) => Channel::AiAssistant,
        Some(Site::Mail) => Channel::Email,
        None => Channel::Referral,
    }
}

fn is_direct(source: &str, medium: &str) -> bool {
    matches!(source, "(direct)" | "") && matches!(medium, "(none)" | "(not set)")
}

/// `^(.*cp.*|ppc|retargeting|paid.*)$`
fn is_paid(medium: &str) -> bool {
    medium.contains("cp")
        || medium == "ppc"
        || medium == "retargeting"
        || medium.starts_with("paid")
}

/// `^(.*(([^a-df-z]|^)shop|shopping).*)$`: "shop" at the start, after "e" or after no letter; "shopping" anywhere.
fn names_shop(campaign: &str) -> bool {
    campaign.contains("shopping")
        || campaign.match_indices("shop").any(|(at, _)| {
            let before = campaign.get(..at).and_then(|head| head.chars().next_back());
            before.is_none_or(|c| c == 'e' || !c.is_ascii_lowercase())
        })
}

fn is_mail(text: &str) -> bool {
    matches!(text, "email" | "e-mail" | "e_mail" | "e mail")
}

fn is_push(source: &str, medium: &str) -> bool {
    medium.ends_with("push")
        || medium.contains("mobile")
        || medium.contains("notification")
        || source == "firebase"
}
