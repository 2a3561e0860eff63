//! Amounts of money as exact decimals. Never a float: `0.1 + 0.2` is `0.3` here.

use std::cmp::Ordering;

/// Most digits after the point that an amount may have. ISO 4217 currencies have up to 4; prices of
/// single goods (per millilitre) are quoted with more.
pub const MAX_SCALE: u32 = 8;

/// An exact decimal number: `mantissa / 10^scale`, without trailing zeros after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    mantissa: i64,
    scale: u32,
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyError {
    /// Not a decimal number such as `59.80`.
    NotANumber,
    /// More digits than an amount can have (18 in all, 8 after the point).
    TooPrecise,
}

impl MoneyError {
    /// Returns what is wrong, in words.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotANumber => "must be a decimal number such as 59.80",
            Self::TooPrecise => "has too many digits: at most 18, of which 8 after the point",
        }
    }
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };

    /// Reads a JSON number or the same text in a string: `59.8`, `59.80`, `-3`, `1e3`, `+5` and
    /// `.5` are amounts, `1,000`, `NaN` and an empty text are not.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (is_negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (number, exponent) = match digits.bytes().position(|b| b == b'e' || b == b'E') {
            Some(at) => (
                digits.get(..at).ok_or(MoneyError::NotANumber)?,
                parse_exponent(digits.get(at + 1..).ok_or(MoneyError::NotANumber)?)?,
            ),
            None => (digits, 0),
        };
        let mut mantissa: i64 = 0;
        let mut scale: i32 = 0;
        let mut seen_point = false;
        let mut seen_digit = false;
        for b in number.bytes() {
            match b {
                b'0'..=b'9' => {
                    seen_digit = true;
                    // Zeros at the end of a long fraction cost nothing.
                    mantissa = mantissa
                        .checked_mul(10)
                        .and_then(|m| m.checked_add(i64::from(b - b'0')))
                        .ok_or(MoneyError::TooPrecise)?;
                    scale += i32::from(seen_point);
                }
                b'.' if !seen_point => seen_point = true,
                _ => return Err(MoneyError::NotANumber),
            }
        }
        if !seen_digit {
            return Err(MoneyError::NotANumber);
        }
        let value = Self::normalised(mantissa, scale - exponent)?;
        Ok(if is_negative {
            Self {
                mantissa: -value.mantissa,
                ..value
            }
        } else {
            value
        })
    }

    /// Returns the amount of `minor` minor units of a currency with `exponent` digits (cents: 2).
    pub fn from_minor(minor: i64, exponent: u32) -> Self {
        Self::normalised(minor, i32::try_from(exponent).unwrap_or(0)).unwrap_or(Self::ZERO)
    }

    fn normalised(mut mantissa: i64, mut scale: i32) -> Result<Self, MoneyError> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        while scale < 0 {
            mantissa = mantissa.checked_mul(10).ok_or(MoneyError::TooPrecise)?;
            scale += 1;
        }
        let scale = u32::try_from(scale).map_err(|_| MoneyError::TooPrecise)?;
        if scale > MAX_SCALE {
            return Err(MoneyError::TooPrecise);
        }
        Ok(Self { mantissa, scale })
    }

    /// Returns the sum, or `None` when it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let sum = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Self::normalised(sum, i32::try_from(scale).ok()?).ok()
    }

    /// Returns the difference, or `None` when it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self {
            mantissa: other.mantissa.checked_neg()?,
            ..other
        })
    }

    /// Returns the product (price times quantity), or `None` when it does not fit.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = self.mantissa.checked_mul(other.mantissa)?;
        Self::normalised(product, i32::try_from(self.scale + other.scale).ok()?).ok()
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Returns the whole number this is, if it has no fraction.
    pub const fn as_integer(self) -> Option<i64> {
        if self.scale == 0 {
            Some(self.mantissa)
        } else {
            None
        }
    }

    fn at_scale(self, scale: u32) -> Option<i64> {
        self.mantissa
            .checked_mul(10i64.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    /// Appends the amount as a JSON number, exactly: `59.8`.
    pub fn push_to(self, out: &mut String) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = self.mantissa.unsigned_abs();
        let mut written = 0;
        loop {
            if written == self.scale && written > 0 {
                at -= 1;
                digits[at] = b'.';
            }
            if rest == 0 && written > self.scale {
                break;
            }
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            written += 1;
            if rest == 0 && written > self.scale {
                break;
            }
        }
        if self.mantissa < 0 {
            out.push('-');
        }
        out.extend(digits[at..].iter().map(|b| char::from(*b)));
    }

    /// Returns the amount as text, exactly: `59.8`.
    pub fn to_text(self) -> String {
        let mut out = String::with_capacity(20);
        self.push_to(&mut out);
        out
    }
}

fn parse_exponent(text: &str) -> Result<i32, MoneyError> {
    let exponent: i32 = text.parse().map_err(|_| MoneyError::NotANumber)?;
    if exponent.abs() > 18 {
        return Err(MoneyError::TooPrecise);
    }
    Ok(exponent)
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let widen = |d: &Self| i128::from(d.mantissa) * 10i128.pow(scale - d.scale);
        widen(self).cmp(&widen(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, want) in [
            ("59.8", "59.8"),
            ("59.80", "59.8"),
            ("0", "0"),
            ("-0", "0"),
            ("-3", "-3"),
            ("1e3", "1000"),
            ("1.5E2", "150"),
            ("12e-2", "0.12"),
            (".5", "0.5"),
            ("+5", "5"),
            ("0.00000001", "0.00000001"),
            ("100", "100"),
            ("999999999999999999", "999999999999999999"),
            ("-0.05", "-0.05"),
        ] {
            assert_eq!(
                Decimal::parse(text).map(Decimal::to_text),
                Ok(want.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", " ", "-", ".", "1,000", "1.2.3", "NaN", "Infinity", "12 EUR", "0x10", "1e", "é",
        ] {
            assert_eq!(Decimal::parse(text), Err(MoneyError::NotANumber), "{text}");
        }
        for text in ["0.000000001", "99999999999999999999", "1e30", "1e-12"] {
            assert_eq!(Decimal::parse(text), Err(MoneyError::TooPrecise), "{text}");
        }
    }

    #[test]
    fn tenths_add_up() {
        let [a, b] = ["0.1", "0.2"].map(|t| Decimal::parse(t).unwrap());
        assert_eq!(a.checked_add(b).unwrap().to_text(), "0.3");
        let price = Decimal::parse("29.90").unwrap();
        assert_eq!(
            price
                .checked_mul(Decimal::parse("3").unwrap())
                .unwrap()
                .to_text(),
            "89.7"
        );
        assert_eq!(Decimal::from_minor(5980, 2).to_text(), "59.8");
    }

    proptest! {
        #[test]
        fn text_round_trips(mantissa in -10i64.pow(15)..10i64.pow(15), scale in 0i32..=8) {
            let value = Decimal::normalised(mantissa, scale).unwrap();
            prop_assert_eq!(Decimal::parse(&value.to_text()), Ok(value));
        }

        #[test]
        fn order_agrees_with_integers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            prop_assert_eq!(Decimal::from_minor(a, 2).cmp(&Decimal::from_minor(b, 2)), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _ = Decimal::parse(&text);
        }
    }
}
