//! ISO 4217 currency codes.

/// The active codes of ISO 4217 list one (2026-01), without those for funds, metals and testing.
const CODES: &str = "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBHDBIFBMDBNDBOBBRLBSDBTNBWPBYNBZDCADCDFCHFCLPCNYCOPCRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMYRMZNNADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUYUUZSVEDVESVNDVUVWSTXAFXCDXCGXOFXPFYERZARZMWZWG";

/// Currencies whose minor unit is the unit itself (ISO 4217 exponent 0).
const ZERO_DECIMAL: &str = "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXVNDVUVXAFXOFXPF";
/// Currencies with three digits after the point.
const THREE_DECIMAL: &str = "BHDIQDJODKWDLYDOMRTND";

/// A currency of ISO 4217, upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Returns the currency of a code in any case, or `None` when ISO 4217 does not list it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut code: [u8; 3] = text.trim().as_bytes().try_into().ok()?;
        code.make_ascii_uppercase();
        is_listed(CODES, code).then_some(Self(code))
    }

    /// Returns the code, such as `EUR`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Returns how many digits after the point the minor unit has: cents 2, yen 0, dinars 3.
    pub fn exponent(self) -> u32 {
        if is_listed(ZERO_DECIMAL, self.0) {
            0
        } else if is_listed(THREE_DECIMAL, self.0) {
            3
        } else {
            2
        }
    }
}

fn is_listed(list: &str, code: [u8; 3]) -> bool {
    list.as_bytes().chunks_exact(3).any(|listed| listed == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_any_case() {
        for (text, want) in [
            ("EUR", Some("EUR")),
            ("eur", Some("EUR")),
            (" usd ", Some("USD")),
            ("XXX", None),
            ("EURO", None),
            ("E R", None),
            ("", None),
            ("URF", None),
        ] {
            assert_eq!(
                Currency::parse(text).as_ref().map(Currency::as_str),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn the_list_is_sorted_and_has_no_code_twice() {
        let codes: Vec<_> = CODES.as_bytes().chunks_exact(3).collect();
        assert_eq!(CODES.len() % 3, 0);
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(codes.len() > 150);
    }

    #[test]
    fn minor_units_follow_iso_4217() {
        for (code, exponent) in [("JPY", 0), ("EUR", 2), ("KWD", 3), ("KRW", 0), ("TND", 3)] {
            assert_eq!(
                Currency::parse(code).map(Currency::exponent),
                Some(exponent),
                "{code}"
            );
        }
    }
}
