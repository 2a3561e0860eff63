//! Reads a struct out of a TOML table so that an error names the key.
//!
//! A `[[destination]]` table has keys that every destination has and keys that are a platform's own. Which
//! keys a struct has is asked of the struct itself, so a new field needs no list.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, Visitor};

/// What is wrong with a table, and at which key; without a key it is the table itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// The key.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// Returns the keys that a struct takes.
pub fn of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // The error is how the struct is stopped once it has named its fields.
    let _ = T::deserialize(FieldNames(&mut keys));
    keys
}

/// Reads a struct.
pub fn read<T: DeserializeOwned>(table: toml::Table) -> Result<T, KeyError> {
    let mut at = None;
    let pairs = Pairs {
        entries: table.into_iter(),
        value: None,
        at: &mut at,
    };
    T::deserialize(MapAccessDeserializer::new(pairs)).map_err(|error| {
        let message = error.message().trim();
        match message
            .strip_prefix("missing field `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            Some(missing) => KeyError {
                key: Some(missing.to_owned()),
                problem: "is missing".to_owned(),
            },
            None => KeyError {
                key: at,
                problem: message.to_owned(),
            },
        }
    })
}

/// Hears which fields a struct asks for.
struct FieldNames<'k>(&'k mut &'static [&'static str]);

impl<'de> serde::Deserializer<'de> for FieldNames<'_> {
    type Error = Stopped;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Stopped> {
        *self.0 = fields;
        Err(Stopped)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The end of asking for fields.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("only the names were asked for")
    }
}

impl std::error::Error for Stopped {}

impl serde::de::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A table's entries; remembers at which it is.
struct Pairs<'t> {
    entries: toml::map::IntoIter<String, toml::Value>,
    value: Option<toml::Value>,
    at: &'t mut Option<String>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = toml::de::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some((key, value)) = self.entries.next() else {
            *self.at = None;
            return Ok(None);
        };
        self.value = Some(value);
        let read = seed.deserialize(StrDeserializer::new(&key));
        *self.at = Some(key);
        read.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(serde::de::Error::custom("a key without a value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        id: String,
        #[serde(default)]
        size: Option<u8>,
    }

    fn read_text(text: &str) -> Result<Sample, (Option<String>, String)> {
        read(text.parse().unwrap()).map_err(|error| (error.key, error.problem))
    }

    #[test]
    fn a_struct_names_its_keys_itself() {
        assert_eq!(of::<Sample>(), ["id", "size"]);
    }

    #[test]
    fn an_error_names_its_key() {
        assert_eq!(
            read_text("id = \"x\"\nsize = 3").unwrap(),
            Sample {
                id: "x".to_owned(),
                size: Some(3)
            }
        );
        let (key, problem) = read_text("id = \"x\"\nsize = 300").unwrap_err();
        assert_eq!(key.as_deref(), Some("size"));
        assert!(problem.contains("300"), "{problem}");
        let (key, problem) = read_text("size = 3").unwrap_err();
        assert_eq!(
            (key.as_deref(), problem.as_str()),
            (Some("id"), "is missing")
        );
    }
}
