//! Readers for JSON that others write: a wrong type in one member costs that member, not the message.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use firsthand_core::event::Decimal;
use firsthand_core::wire::Text;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A text, or a number as its digits: shops send ids both ways, some beyond 2^53.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Word<'a>(pub(crate) Cow<'a, str>);

/// Returns a JSON text's or number's own text; `None` for anything else.
pub(crate) fn word(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(raw)
            .ok()
            .map(|text| text.0),
        b'0'..=b'9' | b'-' => Some(Cow::Borrowed(raw)),
        _ => None,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        word(raw.get())
            .map(Self)
            .ok_or_else(|| D::Error::custom("neither text nor number"))
    }
}

/// An amount of money, read from its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        word(raw.get())
            .and_then(|text| Decimal::parse(&text).ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom("no amount"))
    }
}

/// A member that is read if it has its type, and is absent if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Soft<T>(pub(crate) Option<T>);

impl<T> Default for Soft<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Soft<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

impl<'a> Soft<Text<'a>> {
    /// Returns the text, if there is any.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.0.and_then(|text| filled(text.0))
    }

    /// Whether it is this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|own| own.0 == text)
    }
}

impl<'a> Soft<Word<'a>> {
    /// Returns the text or number, if there is any.
    pub(crate) fn word(self) -> Option<Cow<'a, str>> {
        self.0.and_then(|word| filled(word.0))
    }
}

impl Soft<Amount> {
    /// Returns the amount.
    pub(crate) fn amount(self) -> Option<Decimal> {
        self.0.map(|amount| amount.0)
    }
}

/// The members of an object in their order: names, and the JSON text of each value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for MembersVisitor<'a> {
            type Value = Members<'a>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name.0, raw.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

impl<'a> Members<'a> {
    /// Returns the JSON text of a member; the last one of a name counts, as everywhere.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let same = self.0.iter().rev().find(|(known, _)| known == name);
        same.map(|(_, raw)| *raw).filter(|raw| *raw != "null")
    }

    /// Returns a member that is text or a number.
    pub(crate) fn word(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(word)
    }
}

/// Returns what stands in a text without white space around it; `None` where nothing is left.
pub(crate) fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if text.trim().is_empty() {
        return None;
    }
    if text.trim().len() == text.len() {
        return Some(text);
    }
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_all_their_digits() {
        for (json, want) in [
            ("820982911946154508", Some("820982911946154508")),
            ("\"1001\"", Some("1001")),
            (
                r#""gid:\/\/shopify\/Order\/1""#,
                Some("gid://shopify/Order/1"),
            ),
            ("true", None),
            ("{}", None),
        ] {
            let read = serde_json::from_str::<Word<'_>>(json).ok();
            assert_eq!(read.map(|word| word.0).as_deref(), want, "{json}");
        }
    }

    #[test]
    fn a_member_of_a_wrong_type_is_absent() {
        let read: Soft<Amount> = serde_json::from_str("[1]").unwrap();
        assert_eq!(read, Soft(None));
        let read: Soft<Amount> = serde_json::from_str("\"29.350\"").unwrap();
        assert_eq!(
            read.0.map(|amount| amount.0.to_text()).as_deref(),
            Some("29.35")
        );
    }

    #[test]
    fn members_are_found_by_name() {
        let members: Members<'_> = serde_json::from_str(r#"{"a":1,"b":null,"a":"x"}"#).unwrap();
        assert_eq!(members.word("a").as_deref(), Some("x"));
        assert_eq!(members.get("b"), None);
    }
}
