//! One value of the parameters, from its JSON text to its type.

use std::borrow::Cow;

use super::super::{Currency, Decimal, MoneyError};
use super::{MAX_DEPTH, MAX_TEXT_BYTES, PropsError, Scalar, is_deeper_than};
use crate::ids;

/// Returns what stands between the quotes of a JSON text; `None` for anything else.
fn quoted(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        let text: crate::wire::Text<'_> = serde_json::from_str(raw).ok()?;
        return Some(text.0);
    }
    Some(Cow::Borrowed(inner))
}

pub(super) fn currency(raw: &str) -> Result<Currency, PropsError> {
    quoted(raw)
        .and_then(|code| Currency::parse(&code))
        .ok_or_else(|| {
            PropsError::new(
                "invalid_currency",
                "currency must be an ISO 4217 code such as EUR",
            )
        })
}

pub(super) fn money(name: &str, raw: &str) -> Result<Decimal, PropsError> {
    let parsed = match raw.as_bytes().first() {
        Some(b'"') => quoted(raw)
            .ok_or(MoneyError::NotANumber)
            .and_then(|text| Decimal::parse(&text)),
        _ => Decimal::parse(raw),
    };
    parsed.map_err(|error| PropsError::new("invalid_money", format!("{name} {}", error.message())))
}

/// Reads text; a number is taken as its digits (shops send numeric ids).
pub(super) fn text(name: &str, raw: &str) -> Result<String, PropsError> {
    let text = match raw.as_bytes().first() {
        Some(b'"') => quoted(raw).map(Cow::into_owned),
        Some(b'0'..=b'9' | b'-') => Some(raw.to_owned()),
        _ => None,
    };
    let text =
        text.ok_or_else(|| PropsError::new("invalid_props", format!("{name} must be text")))?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(PropsError::new(
            "invalid_props",
            format!(
                "{name} has {} bytes, at most {MAX_TEXT_BYTES} allowed",
                text.len()
            ),
        ));
    }
    Ok(text)
}

pub(super) fn order_id(name: &str, raw: &str) -> Result<String, PropsError> {
    let raw = text(name, raw)?;
    ids::canonical_order_id(&raw)
        .map(str::to_owned)
        .ok_or_else(|| {
            PropsError::new(
                "invalid_transaction_id",
                format!(
                    "{name} must be 1 to {} printable ASCII characters without spaces or @",
                    ids::MAX_TRANSACTION_ID_BYTES
                ),
            )
        })
}

/// Reads a parameter that the catalogue does not know, `level` objects and arrays deep inside `props`.
pub(super) fn scalar(name: &str, raw: &str, level: usize) -> Result<Scalar, PropsError> {
    Ok(match raw.as_bytes().first() {
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        Some(b'"') => Scalar::Text(text(shown(name), raw)?),
        Some(b'{' | b'[') => {
            if is_deeper_than(raw, MAX_DEPTH - level) {
                return Err(PropsError::new(
                    "too_deep",
                    format!("props are nested more than {MAX_DEPTH} levels deep"),
                ));
            }
            // Platforms take scalars only. Kept as its JSON text, so nothing is lost.
            if raw.len() > MAX_TEXT_BYTES {
                return Err(PropsError::new(
                    "invalid_props",
                    format!(
                        "{} has {} bytes, at most {MAX_TEXT_BYTES} allowed",
                        shown(name),
                        raw.len()
                    ),
                ));
            }
            Scalar::Text(raw.to_owned())
        }
        _ => Scalar::Number(raw.to_owned()),
    })
}

/// A parameter's name as an error may show it: names are the shop's, but may come from anywhere.
pub(super) fn shown(name: &str) -> &str {
    let is_plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_plain { name } else { "a parameter" }
}
