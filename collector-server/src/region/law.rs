//! What the law says by place: the regime, and the duty to honour Global Privacy Control.
//!
//! State of knowledge: November 2026. Every row can be overridden in `[consent]`.

use firsthand_core::consent::Regime;

use super::Place;

/// Consent comes first: EEA (GDPR, ePrivacy Directive) with the parts of it that have a code of their own, United Kingdom and its
/// dependencies, Switzerland (practice), Brazil (LGPD), South Korea (PIPA), Japan (APPI, foreign third parties), Quebec (Law 25).
const OPT_IN: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK \
                      AX GF GP MF MQ RE YT GB GG GI IM JE CH BR KR JP CA-QC";

/// Allowed until the visitor objects: US states with a comprehensive privacy law, Canada's other provinces, Australia.
const OPT_OUT: &str = "US-CA US-VA US-CO US-CT US-UT US-TX US-OR US-MT US-FL US-DE US-IA US-NE US-NH US-NJ US-TN US-MN US-MD US-IN US-KY US-RI \
                       CA-AB CA-BC CA-MB CA-NB CA-NL CA-NS CA-NT CA-NU CA-ON CA-PE CA-SK CA-YT AU";

/// States whose law demands that an opt-out signal is honoured (11 CCR 7025 and its like).
const GPC_REQUIRED: &str =
    "US-CA US-CO US-CT US-TX US-MT US-NE US-NH US-DE US-NJ US-MN US-MD US-OR";

/// Returns the regime of a place; nothing when the country is unknown. A country whose parts differ gets the strictest of them where the
/// part is unknown.
pub(super) fn regime(place: &Place) -> Option<Regime> {
    let country = place.country()?;
    if let Some(region) = place.region()
        && let Some(regime) = listed(region)
    {
        return Some(regime);
    }
    if let Some(regime) = listed(country) {
        return Some(regime);
    }
    Some(match (country, place.region()) {
        ("US", None) => Regime::OptOut,
        // Whatever is no province that is known might be Quebec.
        ("CA", _) => Regime::OptIn,
        _ => Regime::None,
    })
}

/// Whether the law demands that Global Privacy Control is honoured; where it might, it does.
pub(super) fn is_gpc_required(place: &Place) -> bool {
    match (place.country(), place.region()) {
        (None, _) | (Some("US"), None) => true,
        (Some(_), Some(region)) => lists(GPC_REQUIRED, region),
        (Some(_), None) => false,
    }
}

fn listed(code: &str) -> Option<Regime> {
    if lists(OPT_IN, code) {
        Some(Regime::OptIn)
    } else if lists(OPT_OUT, code) {
        Some(Regime::OptOut)
    } else {
        None
    }
}

fn lists(codes: &str, code: &str) -> bool {
    codes.split_ascii_whitespace().any(|listed| listed == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regime_and_signal_follow_the_place() {
        let opt_in = Some(Regime::OptIn);
        let opt_out = Some(Regime::OptOut);
        let none = Some(Regime::None);
        for (country, region, regime_of, gpc) in [
            ("DE", None, opt_in, false),
            ("DE", Some("BY"), opt_in, false),
            ("IS", None, opt_in, false),
            ("RE", None, opt_in, false),
            ("GB", Some("SCT"), opt_in, false),
            ("CH", None, opt_in, false),
            ("BR", Some("SP"), opt_in, false),
            ("KR", None, opt_in, false),
            ("JP", None, opt_in, false),
            ("US", Some("CA"), opt_out, true),
            ("US", Some("OR"), opt_out, true),
            ("US", Some("VA"), opt_out, false),
            ("US", Some("RI"), opt_out, false),
            ("US", Some("WY"), none, false),
            ("US", None, opt_out, true),
            ("CA", Some("QC"), opt_in, false),
            ("CA", Some("ON"), opt_out, false),
            ("CA", Some("ZZ"), opt_in, false),
            ("CA", None, opt_in, false),
            ("AU", Some("NSW"), opt_out, false),
            ("IN", None, none, false),
            ("NZ", None, none, false),
            ("XX", None, None, true),
        ] {
            let place = Place::read(Some(country), region);
            assert_eq!(regime(&place), regime_of, "{country} {region:?}");
            assert_eq!(is_gpc_required(&place), gpc, "{country} {region:?}");
        }
    }

    #[test]
    fn every_code_of_the_tables_is_a_place_and_stands_once() {
        let all: Vec<&str> = [OPT_IN, OPT_OUT]
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
            .collect();
        for code in &all {
            let (country, region) = match code.split_once('-') {
                Some((country, _)) => (country, Some(*code)),
                None => (*code, None),
            };
            let place = Place::read(Some(country), region);
            assert_eq!(place.region().or(place.country()), Some(*code));
            assert_eq!(all.iter().filter(|other| other == &code).count(), 1);
        }
        assert!(GPC_REQUIRED.split(' ').all(|code| lists(OPT_OUT, code)));
    }
}
