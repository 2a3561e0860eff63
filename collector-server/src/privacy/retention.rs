//! How long what is kept, by the purposes it was taken for.
//!
//! A purpose whose time is over counts as one that was never allowed: what only it justified goes. Pure.

use std::collections::BTreeMap;

use firsthand_core::consent::{PURPOSES, Purpose, Verdict};
use firsthand_core::wire::{Header, decode_header};
use serde::Deserialize;

/// Removes what the verdict does not allow to be kept.
pub fn redact(header: &mut Header<'_>, verdict: Verdict) {
    if !verdict.allows_match_keys() {
        header.user.remove_match_keys();
        for touch in [&mut header.first_touch, &mut header.last_touch]
            .into_iter()
            .flatten()
        {
            touch.click.clear();
        }
    }
    if !verdict.allows(Purpose::Marketing) {
        header.context.ip = None;
    }
    if !verdict.allows_events() {
        header.user.anonymous_id = None;
        header.user.user_id = None;
    }
}

/// `privacy.retention_days`: how long data is kept for a purpose, in days; absent: as long as events are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionDays {
    /// Advertising: match keys, click ids, the address.
    pub marketing: Option<u32>,
    /// Measuring.
    pub analytics: Option<u32>,
    /// Adapting what the visitor sees.
    pub personalization: Option<u32>,
    /// Giving data to other companies: match keys, click ids.
    pub third_party_sharing: Option<u32>,
}

impl RetentionDays {
    /// Returns what is configured, purpose by purpose.
    pub fn all(&self) -> [(Purpose, Option<u32>); PURPOSES] {
        Purpose::ALL.map(|purpose| {
            let days = match purpose {
                Purpose::Marketing => self.marketing,
                Purpose::Analytics => self.analytics,
                Purpose::Personalization => self.personalization,
                Purpose::ThirdPartySharing => self.third_party_sharing,
            };
            (purpose, days)
        })
    }

    /// Returns what is configured by the purposes' names.
    pub fn by_name(&self) -> BTreeMap<String, u32> {
        self.all()
            .into_iter()
            .filter_map(|(purpose, days)| Some((purpose.as_str().to_owned(), days?)))
            .collect()
    }
}

/// A set of purposes, as the store keeps it: a bit each, in the order of `Purpose::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purposes(u8);

impl Purposes {
    /// Returns the set of what is allowed.
    pub fn of(allowed: [bool; PURPOSES]) -> Self {
        let bits = allowed
            .into_iter()
            .enumerate()
            .fold(0, |bits, (place, is_allowed)| {
                bits | u8::from(is_allowed) << place
            });
        Self(bits)
    }

    /// Returns the set of these bits; bits that mean nothing are left out.
    pub fn from_bits(bits: i64) -> Self {
        let known = (1 << PURPOSES) - 1;
        Self(u8::try_from(bits & known).unwrap_or(0))
    }

    /// Returns its bits.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Whether a purpose is in it.
    pub fn holds(self, purpose: Purpose) -> bool {
        self.verdict().allows(purpose)
    }

    /// Returns the set without a purpose.
    #[must_use]
    pub fn without(self, purpose: Purpose) -> Self {
        let left = Purpose::ALL.map(|one| one != purpose && self.holds(one));
        Self::of(left)
    }

    /// Whether an event may be kept: for anything but to be passed on.
    pub fn keeps_events(self) -> bool {
        [
            Purpose::Marketing,
            Purpose::Analytics,
            Purpose::Personalization,
        ]
        .into_iter()
        .any(|purpose| self.holds(purpose))
    }

    fn verdict(self) -> Verdict {
        let mut verdict = Verdict::default();
        for (place, slot) in verdict.allow.iter_mut().enumerate() {
            *slot = self.0 >> place & 1 == 1;
        }
        verdict
    }
}

/// Returns a stored header without what these purposes do not justify; `None` where it cannot be read.
pub fn redacted(header: &str, left: Purposes) -> Option<String> {
    let mut decoded = decode_header(header).ok()?;
    let mut verdict = left.verdict();
    // Personalization alone keeps the visitor's id too.
    if left.keeps_events() {
        verdict.allow =
            Purpose::ALL.map(|purpose| left.holds(purpose) || purpose == Purpose::Analytics);
    }
    redact(&mut decoded, verdict);
    let mut text = String::with_capacity(header.len());
    decoded.encode(&mut text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = concat!(
        r#"{"context":{"lang":"de","ip":"192.0.2.7","ua":"Agent"},"consent":{"regime":"opt_in"},"#,
        r#""user":{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f","em":["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"]},"#,
        r#""touch":{"last":{"at":1,"url":"https://shop.example/","ref":"","utm":{"source":"news"},"click":{"gclid":"Cj0"}}}}"#
    );

    fn purposes(names: &[Purpose]) -> Purposes {
        Purposes::of(Purpose::ALL.map(|purpose| names.contains(&purpose)))
    }

    #[test]
    fn a_set_is_kept_as_bits_and_read_again() {
        for bits in 0..16 {
            assert_eq!(Purposes::from_bits(bits).bits(), bits);
        }
        assert_eq!(Purposes::from_bits(-1).bits(), 15);
        let all = Purposes::from_bits(15).without(Purpose::Marketing);
        assert!(!all.holds(Purpose::Marketing) && all.holds(Purpose::ThirdPartySharing));
        assert!(!purposes(&[Purpose::ThirdPartySharing]).keeps_events());
        assert!(purposes(&[Purpose::Personalization]).keeps_events());
    }

    #[test]
    fn what_a_purpose_justified_goes_with_it() {
        use Purpose::{Analytics, Marketing, Personalization, ThirdPartySharing};
        for (left, digest, click, ip) in [
            (purposes(&Purpose::ALL), true, true, true),
            (purposes(&[Marketing, Analytics]), false, false, true),
            (
                purposes(&[Analytics, ThirdPartySharing]),
                false,
                false,
                false,
            ),
            (purposes(&[Personalization]), false, false, false),
        ] {
            let text = redacted(HEADER, left).unwrap();
            let holds = |what: &str| text.contains(what);
            let got = (holds("62a14e44"), holds("gclid"), holds("192.0.2.7"));
            assert_eq!(got, (digest, click, ip), "{left:?}: {text}");
            assert!(holds("0199d2a4") && holds("news"), "{left:?}: {text}");
        }
        assert_eq!(redacted("{", purposes(&[])), None);
    }
}
