//! Reads the wire types (collector only).
//!
//! Unknown members are passed over, so that a newer sender works with an older collector. A wrong
//! type in what a batch shares is the batch's fault; inside one event it is that event's alone.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Batch, BrowserKey, ClearKey, Context, DigestKey, Event, Header, Page, Touch, User, VERSION,
};
use crate::event::props::is_deeper_than;

/// Why a body is no batch. Never holds anything of the body but a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON, or not of the right shape, at this line and column (from 1).
    Invalid {
        /// Line in the body.
        line: usize,
        /// Column in the line.
        column: usize,
        /// Whether the text is no JSON at all.
        is_syntax: bool,
    },
    /// Nested more than [`MAX_DEPTH`] levels deep.
    TooDeep,
    /// `v` is missing or not [`VERSION`].
    WrongVersion,
}

impl DecodeError {
    fn from_json(error: &serde_json::Error) -> Self {
        Self::Invalid {
            line: error.line(),
            column: error.column(),
            is_syntax: !error.is_data(),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid {
                line,
                column,
                is_syntax: true,
            } => write!(out, "the body is not JSON at line {line} column {column}"),
            Self::Invalid { line, column, .. } => write!(
                out,
                "the body is not a batch at line {line} column {column}: a member has the wrong type"
            ),
            Self::TooDeep => write!(out, "the body is nested more than {MAX_DEPTH} levels deep"),
            Self::WrongVersion => write!(out, "v must be {VERSION}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Text, borrowed from the body when it holds no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Deepest nesting of a body that is looked at member by member.
pub const MAX_DEPTH: usize = 64;

/// A batch, and its events one by one.
pub type Decoded<'a> = (Batch<'a>, Vec<Result<Event<'a>, DecodeError>>);

/// Reads a whole batch. An event of the wrong shape is an `Err` in its place: the position inside
/// `events` stays that of the body.
///
/// A body without a fault, and nearly every one is, is read in one pass. Only where that fails is each
/// event looked at by itself.
pub fn decode_batch(body: &str) -> Result<Decoded<'_>, DecodeError> {
    if let Ok(whole) = serde_json::from_str::<Body<'_, Event<'_>>>(body) {
        return whole.into_batch(Ok);
    }
    if is_deeper_than(body, MAX_DEPTH) {
        return Err(DecodeError::TooDeep);
    }
    serde_json::from_str::<Body<'_, &RawValue>>(body)
        .map_err(|error| DecodeError::from_json(&error))?
        .into_batch(|raw| decode_event(raw.get()))
}

struct Body<'a, E> {
    v: i64,
    write_key: Cow<'a, str>,
    sent_at: i64,
    header: Header<'a>,
    events: Vec<E>,
}

impl<'de: 'a, 'a, E: Deserialize<'de>> Deserialize<'de> for Body<'a, E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor<E>(std::marker::PhantomData<E>);
        impl<'de, E: Deserialize<'de>> Visitor<'de> for BodyVisitor<E> {
            type Value = Body<'de, E>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a batch")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut body = Body {
                    v: 0,
                    write_key: Cow::Borrowed(""),
                    sent_at: 0,
                    header: Header::default(),
                    events: Vec::new(),
                };
                while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                    match key.as_ref() {
                        "v" => body.v = map.next_value()?,
                        "write_key" => body.write_key = text(&mut map)?.unwrap_or_default(),
                        "sent_at" => body.sent_at = map.next_value()?,
                        "events" => body.events = map.next_value()?,
                        name => read_shared(&mut body.header, name, &mut map)?,
                    }
                }
                Ok(body)
            }
        }
        deserializer.deserialize_map(BodyVisitor(std::marker::PhantomData))
    }
}

/// Reads one member of what a batch's events share.
fn read_shared<'de, A: MapAccess<'de>>(
    header: &mut Header<'de>,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    match name {
        "context" => header.context = map.next_value()?,
        "consent" => header.consent = map.next_value()?,
        "user" => header.user = map.next_value()?,
        "touch" => {
            let touches: Touches<'de> = map.next_value()?;
            header.first_touch = touches.first;
            header.last_touch = touches.last;
        }
        _ => {
            map.next_value::<Unread<'de>>()?;
        }
    }
    Ok(())
}

impl<'a, E> Body<'a, E> {
    fn into_batch(
        self,
        read: impl Fn(E) -> Result<Event<'a>, DecodeError>,
    ) -> Result<Decoded<'a>, DecodeError> {
        if self.v != VERSION {
            return Err(DecodeError::WrongVersion);
        }
        let batch = Batch {
            write_key: self.write_key,
            sent_at: self.sent_at,
            header: self.header,
            events: Vec::new(),
        };
        Ok((batch, self.events.into_iter().map(read).collect()))
    }
}

/// Reads one header, as the store keeps it.
pub fn decode_header(json: &str) -> Result<Header<'_>, DecodeError> {
    serde_json::from_str(json).map_err(|e| DecodeError::from_json(&e))
}

/// Reads one event.
pub fn decode_event(json: &str) -> Result<Event<'_>, DecodeError> {
    serde_json::from_str(json).map_err(|e| DecodeError::from_json(&e))
}

#[derive(Default, serde::Deserialize)]
struct Touches<'a> {
    #[serde(borrow, default)]
    first: Option<Touch<'a>>,
    #[serde(borrow, default)]
    last: Option<Touch<'a>>,
}

/// Implements `Deserialize` for an object by a closure that takes one member at a time.
macro_rules! object {
    ($type:ident, |$value:ident, $key:ident, $map:ident| $body:block) => {
        impl<'de: 'a, 'a> Deserialize<'de> for $type<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> Visitor<'de> for ObjectVisitor {
                    type Value = $type<'de>;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut $map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut $value = $type::default();
                        while let Some(Text($key)) = $map.next_key::<Text<'de>>()? {
                            $body
                        }
                        Ok($value)
                    }
                }
                deserializer.deserialize_map(ObjectVisitor)
            }
        }
    };
}

// Behind the macro that it needs.
mod consent;

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(map.next_value::<Option<Text<'de>>>()?.map(|text| text.0))
}

fn texts<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<Cow<'de, str>>, A::Error> {
    Ok(map.next_value::<OneOrMany<'de>>()?.0)
}

object!(Context, |context, key, map| {
    match key.as_ref() {
        "lang" => context.lang = text(&mut map)?,
        "tz" => context.tz = text(&mut map)?,
        "screen" => context.screen = text(&mut map)?,
        "sdk" => context.sdk = text(&mut map)?,
        "ip" => context.ip = text(&mut map)?,
        "ua" => context.ua = text(&mut map)?,
        "bot" => context.bot = texts(&mut map)?,
        "dropped" => context.dropped = map.next_value::<Counts<'de>>()?.0,
        _ => {
            map.next_value::<Unread<'de>>()?;
        }
    }
});

object!(User, |user, key, map| {
    if let Some(digest) = DigestKey::parse(&key) {
        for value in texts(&mut map)? {
            user.digests.push((digest, value));
        }
    } else if let Some(browser) = BrowserKey::parse(&key) {
        if let Some(value) = text(&mut map)? {
            user.browser.push((browser, value));
        }
    } else if let Some(clear) = ClearKey::parse(&key) {
        if let Some(value) = text(&mut map)? {
            user.clear.push((clear, value));
        }
    } else {
        match key.as_ref() {
            "anonymous_id" => user.anonymous_id = text(&mut map)?,
            "reset" => user.is_reset = map.next_value::<Option<bool>>()?.unwrap_or_default(),
            "user_id" => user.user_id = text(&mut map)?,
            "kept" => {
                let values = map.next_value::<Labels<'de>>()?.0.into_iter();
                user.kept = values
                    .filter_map(|(key, value)| Some((ClearKey::parse(&key)?, value)))
                    .collect();
            }
            _ => {
                map.next_value::<Unread<'de>>()?;
            }
        }
    }
});

object!(Header, |header, key, map| {
    read_shared(&mut header, &key, &mut map)?;
});

object!(Touch, |touch, key, map| {
    match key.as_ref() {
        "at" => touch.at = map.next_value()?,
        "url" => touch.url = text(&mut map)?.unwrap_or_default(),
        "ref" => touch.referrer = text(&mut map)?.unwrap_or_default(),
        "utm" => touch.utm = map.next_value::<Labels<'de>>()?.0,
        "click" => touch.click = map.next_value::<Labels<'de>>()?.0,
        _ => {
            map.next_value::<Unread<'de>>()?;
        }
    }
});

object!(Page, |page, key, map| {
    match key.as_ref() {
        "url" => page.url = text(&mut map)?,
        "ref" => page.referrer = text(&mut map)?,
        "title" => page.title = text(&mut map)?,
        _ => {
            map.next_value::<Unread<'de>>()?;
        }
    }
});

object!(Event, |event, key, map| {
    match key.as_ref() {
        "id" => event.id = text(&mut map)?.unwrap_or_default(),
        "name" => event.name = text(&mut map)?.unwrap_or_default(),
        "at" => event.at = map.next_value()?,
        "session" => event.session = map.next_value()?,
        "page" => event.page = map.next_value::<Option<Page<'de>>>()?.unwrap_or_default(),
        "props" => event.props = Cow::Borrowed(map.next_value::<Unread<'de>>()?.0),
        _ => {
            map.next_value::<Unread<'de>>()?;
        }
    }
});

/// A value that is not looked into here; refused if it is nested as nothing honest is.
struct Unread<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Unread<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        if is_deeper_than(raw.get(), MAX_DEPTH) {
            return Err(D::Error::custom("nested too deeply"));
        }
        Ok(Self(raw.get()))
    }
}

struct OneOrMany<'a>(Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for OneOrMany<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = OneOrMany<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("text or a list of texts")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![Cow::Borrowed(text)]))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![Cow::Owned(text.to_owned())]))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(OneOrMany(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Text(text)) = seq.next_element()? {
                    if list.len() == MAX_LIST {
                        return Err(A::Error::custom("too many"));
                    }
                    list.push(text);
                }
                Ok(OneOrMany(list))
            }
        }
        deserializer.deserialize_any(ListVisitor)
    }
}

/// Most entries of a list or a label set in what a batch shares.
const MAX_LIST: usize = 40;

/// Implements `Deserialize` for an object of labels.
macro_rules! labels {
    ($type:ident, $value:ty, $convert:expr) => {
        impl<'de: 'a, 'a> Deserialize<'de> for $type<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct LabelVisitor;
                impl<'de> Visitor<'de> for LabelVisitor {
                    type Value = $type<'de>;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str("an object of labels")
                    }
                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok($type(Vec::new()))
                    }
                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut list = Vec::new();
                        while let Some((Text(key), value)) =
                            map.next_entry::<Text<'de>, $value>()?
                        {
                            if list.len() == MAX_LIST {
                                return Err(A::Error::custom("too many"));
                            }
                            list.push((key, $convert(value)));
                        }
                        Ok($type(list))
                    }
                }
                deserializer.deserialize_any(LabelVisitor)
            }
        }
    };
}

struct Labels<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);
struct Counts<'a>(Vec<(Cow<'a, str>, i64)>);
labels!(Labels, Text<'de>, |text: Text<'de>| text.0);
labels!(Counts, i64, |count| count);
