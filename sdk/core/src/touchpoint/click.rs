//! The parameters that arrive with a click, by name.

use crate::text::fields;

/// Who put the parameter there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Platform {
    GoogleAds,
    GoogleMarketing,
    GoogleMerchant,
    Google,
    Meta,
    Instagram,
    Microsoft,
    TikTok,
    X,
    LinkedIn,
    Reddit,
    Pinterest,
    Snapchat,
    Quora,
    Yandex,
    Taboola,
    Outbrain,
    Kochava,
    Impact,
    Awin,
    Cj,
    Rakuten,
    ShareASale,
    TradeDesk,
    AppLovin,
    Spotify,
    Nextdoor,
    Yahoo,
    Klaviyo,
    Mailchimp,
    HubSpot,
    Marketo,
    /// A mail tool without a destination of ours.
    Mail,
    /// An attribution or analytics tool, or a name that several affiliate networks use.
    Other,
}

/// What a parameter is, and so what may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Id of a click: kept in the touchpoint, forwarded to its platform.
    Click,
    /// Names a campaign or listing, no click: kept.
    Label,
    /// Names a person, a mail recipient or a device: stripped and never stored.
    Person,
}

/// One known parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickId {
    /// Canonical name, as stored and sent.
    pub name: &'static str,
    /// Who put it there.
    pub platform: Platform,
    /// What may become of it.
    pub kind: Kind,
}

/// Every known parameter. Names are matched without regard to case.
pub static CLICK_IDS: [ClickId; 63] = KNOWN;

const KNOWN: [ClickId; 63] = {
    use Kind::{Click, Label, Person};
    use Platform as P;
    [
        param("gclid", P::GoogleAds, Click),
        param("gclsrc", P::GoogleAds, Label),
        param("wbraid", P::GoogleAds, Click),
        param("gbraid", P::GoogleAds, Click),
        param("dclid", P::GoogleMarketing, Click),
        param("gad_source", P::GoogleAds, Label),
        param("gad_campaignid", P::GoogleAds, Label),
        param("srsltid", P::GoogleMerchant, Label),
        param("_gl", P::Google, Person),
        param("fbclid", P::Meta, Click),
        param("igshid", P::Instagram, Person),
        param("igsh", P::Instagram, Person),
        param("msclkid", P::Microsoft, Click),
        param("ttclid", P::TikTok, Click),
        param("twclid", P::X, Click),
        param("li_fat_id", P::LinkedIn, Click),
        param("rdt_cid", P::Reddit, Click),
        param("epik", P::Pinterest, Click),
        param("ScCid", P::Snapchat, Click),
        param("qclid", P::Quora, Click),
        param("yclid", P::Yandex, Click),
        param("ysclid", P::Yandex, Click),
        param("ymclid", P::Yandex, Click),
        param("tblci", P::Taboola, Click),
        param("ob_click_id", P::Outbrain, Click),
        param("obclid", P::Outbrain, Click),
        param("dicbo", P::Outbrain, Click),
        param("ko_click_id", P::Kochava, Click),
        param("irclickid", P::Impact, Click),
        param("irclid", P::Impact, Click),
        param("awc", P::Awin, Click),
        param("cjevent", P::Cj, Click),
        param("ranSiteID", P::Rakuten, Click),
        param("sscid", P::ShareASale, Click),
        param("clickid", P::Other, Click),
        param("aff_id", P::Other, Label),
        param("ttd_uuid", P::TradeDesk, Click),
        param("aleid", P::AppLovin, Click),
        param("spclid", P::Spotify, Click),
        param("nclid", P::Nextdoor, Click),
        param("vmcid", P::Yahoo, Click),
        param("_kx", P::Klaviyo, Person),
        param("mc_cid", P::Mailchimp, Label),
        param("mc_eid", P::Mailchimp, Person),
        param("_hsenc", P::HubSpot, Person),
        param("_hsmi", P::HubSpot, Person),
        param("__hstc", P::HubSpot, Person),
        param("__hssc", P::HubSpot, Person),
        param("__hsfp", P::HubSpot, Person),
        param("hsCtaTracking", P::HubSpot, Person),
        param("mkt_tok", P::Marketo, Person),
        param("ml_subscriber", P::Mail, Person),
        param("ck_subscriber_id", P::Mail, Person),
        param("vero_id", P::Mail, Person),
        param("oly_enc_id", P::Mail, Person),
        param("bsft_uid", P::Mail, Person),
        param("et_rid", P::Mail, Person),
        param("wickedid", P::Other, Click),
        param("rb_clickid", P::Other, Click),
        param("s_cid", P::Other, Label),
        param("_branch_match_id", P::Other, Person),
        param("mtm_cid", P::Other, Label),
        param("pk_cid", P::Other, Label),
    ]
};

/// Names of the parameters that may be stored, a space after each: what the browser carries of [`CLICK_IDS`], at a third of its size.
static STORED: &str = match str::from_utf8(&STORED_BYTES) {
    Ok(names) => names,
    Err(_) => panic!("parameter names are ascii"),
};

const STORED_BYTES: [u8; stored(&mut [])] = {
    let mut names = [0; stored(&mut [])];
    stored(&mut names);
    names
};

/// Writes the names as far as there is room; returns how many bytes they take.
const fn stored(out: &mut [u8]) -> usize {
    let (mut len, mut row) = (0, 0);
    while row < KNOWN.len() {
        let name = KNOWN[row].name.as_bytes();
        let mut at = 0;
        while at <= name.len() && !matches!(KNOWN[row].kind, Kind::Person) {
            if len < out.len() {
                out[len] = if at < name.len() { name[at] } else { b' ' };
            }
            len += 1;
            at += 1;
        }
        row += 1;
    }
    len
}

/// Campaign labels, without their `utm_`.
pub static CAMPAIGN_LABELS: [&str; 9] = [
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "id",
    "source_platform",
    "creative_format",
    "marketing_tactic",
];

/// Finds a parameter by name, in any case.
pub fn click_id(name: &str) -> Option<&'static ClickId> {
    CLICK_IDS
        .iter()
        .find(|id| id.name.eq_ignore_ascii_case(name))
}

/// Returns the canonical name of a click id or listing label that may be stored ([`Kind::Person`] may not), found in any case.
#[inline(never)]
pub fn stored_parameter(name: &str) -> Option<&'static str> {
    fields(STORED, b' ').find(|known| !name.is_empty() && known.eq_ignore_ascii_case(name))
}

/// Finds a campaign label by its parameter name (`utm_source` gives `source`), in any case.
pub fn campaign_label(parameter: &str) -> Option<&'static str> {
    let (prefix, name) = parameter.split_at_checked(4)?;
    if !prefix.eq_ignore_ascii_case("utm_") {
        return None;
    }
    CAMPAIGN_LABELS
        .iter()
        .copied()
        .find(|label| label.eq_ignore_ascii_case(name))
}

const fn param(name: &'static str, platform: Platform, kind: Kind) -> ClickId {
    ClickId {
        name,
        platform,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_stored_is_every_parameter_that_names_no_person() {
        for id in &CLICK_IDS {
            let want = (id.kind != Kind::Person).then_some(id.name);
            assert_eq!(
                stored_parameter(&id.name.to_uppercase()),
                want,
                "{}",
                id.name
            );
        }
        for name in ["", " ", "gclid ", "gclid wbraid", "clid", "email"] {
            assert_eq!(stored_parameter(name), None, "{name}");
        }
    }
}
