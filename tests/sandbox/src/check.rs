//! Shapes several platforms share: digests, addresses, currencies, integers.
//!
//! Pure functions over parsed JSON. None of them ever puts a value it looked
//! at into a message.

use std::net::IpAddr;

use serde_json::Value;

/// Active ISO 4217 codes of currencies a shop can charge in.
const ISO_4217: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD \
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL \
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Returns whether `text` is an upper-case ISO 4217 code.
pub(crate) fn is_currency(text: &str) -> bool {
    is_code_in(text, ISO_4217)
}

/// Returns whether `text` is one of the three-letter codes in `list`.
pub(crate) fn is_code_in(text: &str, list: &str) -> bool {
    text.len() == 3 && list.split_ascii_whitespace().any(|code| code == text)
}

/// Returns whether `text` is a SHA-256 digest as every platform wants it: 64
/// lower-case hex digits.
pub(crate) fn is_sha256_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether `text` looks like a digest of any common kind, in any case.
pub(crate) fn looks_hashed(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Returns whether `text` is an absolute http or https URL with a host.
pub(crate) fn is_web_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
            && !text.contains(char::is_whitespace)
    })
}

/// Returns whether `text` is an IPv4 or IPv6 address.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// Returns the integer `value` holds, when it is a JSON integer.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64()
}

/// Returns whether `value` is a string or a non-empty list of strings that all
/// satisfy `rule`.
pub(crate) fn one_or_many(value: &Value, rule: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => rule(text),
        Value::Array(list) => {
            !list.is_empty() && list.iter().all(|item| item.as_str().is_some_and(&rule))
        }
        _ => false,
    }
}

/// Returns whether `value` is a string, a number or a boolean.
pub(crate) fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

/// Returns whether `value` is absent or a JSON null.
pub(crate) fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

/// Returns the first string in a string-or-list value.
pub(crate) fn first_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(list) => list.first().and_then(Value::as_str),
        _ => None,
    }
}

/// Returns whether two secrets are equal, in time that depends on length only.
pub(crate) fn same_secret(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .fold(0, |acc, (a, b)| acc | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_lower_hex_digits() {
        for (text, want) in [
            (
                "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
                true,
            ),
            (
                "62A14E44F765419D10FEA99367361A727C12365E2520F32218D505ED9AA0F62F",
                false,
            ),
            ("62a14e44", false),
            (
                "zza14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
                false,
            ),
        ] {
            assert_eq!(is_sha256_hex(text), want, "{text}");
        }
    }

    #[test]
    fn a_web_url_has_a_scheme_and_a_host() {
        for (text, want) in [
            ("https://shop.example/", true),
            ("http://127.0.0.1:4000", true),
            ("https://", false),
            ("shop.example/p", false),
            ("https://shop.example/a b", false),
        ] {
            assert_eq!(is_web_url(text), want, "{text}");
        }
    }

    #[test]
    fn a_currency_is_an_upper_case_code_in_use() {
        for (text, want) in [
            ("EUR", true),
            ("eur", false),
            ("EURO", false),
            ("XYZ", false),
            ("", false),
        ] {
            assert_eq!(is_currency(text), want, "{text}");
        }
    }
}
