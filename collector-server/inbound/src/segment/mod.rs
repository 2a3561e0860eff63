//! Calls of Segment's HTTP API: `track`, `identify`, `page`, `screen`, `group`, `alias`, alone or in a batch.
//!
//! One call is one event. `track` takes the GA4 name of Segment's e-commerce events, any other name in snake case; `page` is `page_view`,
//! `screen` is `screen_view`; `identify`, `group` and `alias` keep their names, because they tell of a person and of nothing that happened in
//! the shop ([`firsthand_core::catalogue::is_profile_call`]). Traits are personal: they leave here as clear values for the door to digest, or
//! not at all.
//!
//! Sources: Segment, "HTTP Tracking API" and "Spec: Common fields"; RudderStack, "HTTP API"; what the clients of both send.

mod context;
mod name;
mod properties;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use firsthand_core::wire::json::Object;
use firsthand_core::wire::{ClearKey, Event, Text, User};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::context::Context;
use crate::consent::{Absent, Categories};
use crate::json::{Members, Soft, Word, filled};
use crate::time::epoch_ms;
use crate::{Call, Refusal, Unreadable, person};

/// Longest `messageId`, in bytes; Segment allows 100 characters, our own ids more.
const MAX_ID_BYTES: usize = firsthand_core::ids::MAX_EVENT_ID_BYTES;

const WRONG_TYPE: Refusal = Refusal::new(
    "invalid_type",
    "the message is no object, or a member has the wrong type",
);

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something happened.
    Track,
    /// Who somebody is.
    Identify,
    /// A page was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// Somebody belongs to a group.
    Group,
    /// Two ids are one person's.
    Alias,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Track,
        Self::Identify,
        Self::Page,
        Self::Screen,
        Self::Group,
        Self::Alias,
    ];

    /// Returns the name in `type` and in the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// Returns the kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What the operator decided about a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Purposes of the consent manager's categories.
    pub categories: Categories,
    /// Version of the policy now in force: calls do not tell which one was shown.
    pub policy_version: u32,
    /// What a call without consent stands for.
    pub absent: Absent,
    /// Largest call, in bytes.
    pub message_bytes: usize,
}

/// A body: one call, or a batch of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Write key in the body, where a client puts it there.
    pub write_key: Option<Cow<'a, str>>,
    /// The calls as they came.
    pub messages: Vec<&'a str>,
    sent_at: Option<Cow<'a, str>>,
    context: Option<&'a str>,
    kind: Option<Kind>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, rename = "writeKey")]
    write_key: Soft<Text<'a>>,
    #[serde(borrow, default, rename = "sentAt")]
    sent_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    batch: Vec<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn read(body: &'a str) -> Result<Self, Unreadable> {
        let envelope = serde_json::from_str(body).map_err(|error| Unreadable::of(&error))?;
        // A list would be taken for the members in their order.
        if is_object(body) {
            Ok(envelope)
        } else {
            Err(Unreadable::NO_OBJECT)
        }
    }
}

fn is_object(raw: &str) -> bool {
    raw.trim_start().starts_with('{')
}

impl<'a> Request<'a> {
    /// Reads the body of `/v1/batch`.
    pub fn batch(body: &'a str) -> Result<Self, Unreadable> {
        let envelope = Envelope::read(body)?;
        Ok(Self {
            write_key: envelope.write_key.0.map(|text| text.0),
            messages: envelope.batch.into_iter().map(RawValue::get).collect(),
            sent_at: envelope.sent_at.0.map(|text| text.0),
            context: envelope.context.map(RawValue::get),
            kind: None,
        })
    }

    /// Reads the body of `/v1/{kind}`, which is the call itself.
    pub fn single(kind: Kind, body: &'a str) -> Result<Self, Unreadable> {
        let envelope = Envelope::read(body)?;
        Ok(Self {
            write_key: envelope.write_key.0.map(|text| text.0),
            messages: vec![body],
            sent_at: envelope.sent_at.0.map(|text| text.0),
            context: None,
            kind: Some(kind),
        })
    }

    /// Brings one call to an event. `now_ms` is the time of a call that names none, `fresh_id` the id.
    pub fn call(
        &self,
        settings: &Settings,
        raw: &'a str,
        now_ms: i64,
        fresh_id: impl FnOnce() -> String,
    ) -> Result<Call<'a>, Refusal> {
        if raw.len() > settings.message_bytes {
            return Err(Refusal {
                code: "too_large",
                message: Cow::Owned(format!(
                    "the message has {} bytes, at most {} allowed",
                    raw.len(),
                    settings.message_bytes
                )),
            });
        }
        if !is_object(raw) {
            return Err(WRONG_TYPE);
        }
        let message: Written<'a> = serde_json::from_str(raw).map_err(|_| WRONG_TYPE)?;
        message.call(self, settings, now_ms, fresh_id)
    }
}

/// A call as it is written. Members that only describe are soft: a wrong type costs them alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    message_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    anonymous_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    user_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    previous_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    group_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    event: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Soft<Text<'a>>,
    #[serde(borrow, default)]
    category: Soft<Text<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow, default)]
    original_timestamp: Option<Text<'a>>,
    #[serde(borrow, default)]
    sent_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    traits: Soft<Members<'a>>,
}

fn text(word: Option<Word<'_>>) -> Option<Cow<'_, str>> {
    word.and_then(|word| filled(word.0))
}

impl<'a> Written<'a> {
    fn call(
        self,
        request: &Request<'a>,
        settings: &Settings,
        now_ms: i64,
        fresh_id: impl FnOnce() -> String,
    ) -> Result<Call<'a>, Refusal> {
        let kind = match request.kind {
            Some(kind) => kind,
            None => self
                .kind
                .as_ref()
                .and_then(|kind| Kind::parse(&kind.0))
                .ok_or(Refusal::new(
                    "invalid_type",
                    "type must be track, identify, page, screen, group or alias",
                ))?,
        };
        let sent_at = self.sent_at.0.map(|text| text.0);
        let sent_at = sent_at.as_deref().or(request.sent_at.as_deref());
        let sent_at = sent_at.and_then(epoch_ms).unwrap_or(0);
        let at = match self.timestamp.or(self.original_timestamp) {
            Some(text) => epoch_ms(&text.0).ok_or(Refusal::new(
                "invalid_time",
                "timestamp must be ISO 8601, such as 2026-11-25T22:00:00.000Z",
            ))?,
            // As new as its request, by the clock that the other times of the request are by.
            None if sent_at > 0 => sent_at,
            None => now_ms,
        };

        let mut user = User {
            anonymous_id: text(self.anonymous_id),
            user_id: text(self.user_id),
            ..User::default()
        };
        check_identity(kind, &user, self.previous_id, self.group_id.as_ref())?;
        if let Some(id) = &user.user_id {
            user.clear.push((ClearKey::ExternalId, id.clone()));
        }
        if kind == Kind::Identify
            && let Some(traits) = self.traits.0
        {
            person::take_traits(&mut user, &traits);
        }
        let members = match self.properties.map(RawValue::get) {
            None => Members::default(),
            Some(raw) => serde_json::from_str(raw)
                .map_err(|_| Refusal::new("invalid_props", "properties must be an object"))?,
        };
        let context = Context::read(self.context.map(RawValue::get), request.context);
        let mut event = Event {
            id: match text(self.message_id) {
                Some(id) if id.len() <= MAX_ID_BYTES => id,
                Some(_) => {
                    return Err(Refusal::new(
                        "invalid_id",
                        "messageId has more than 160 bytes",
                    ));
                }
                None => Cow::Owned(fresh_id()),
            },
            name: match kind {
                Kind::Track => name::of_track(self.event.map(|text| text.0).as_deref())?,
                Kind::Page => Cow::Borrowed("page_view"),
                Kind::Screen => Cow::Borrowed("screen_view"),
                Kind::Identify | Kind::Group | Kind::Alias => Cow::Borrowed(kind.as_str()),
            },
            at,
            page: context.page(&members),
            ..Event::default()
        };
        event.props = Cow::Owned(match kind {
            Kind::Track => properties::write(&event.name, &members, &mut user),
            Kind::Page | Kind::Screen => {
                let labels = labels(kind, self.name.0, self.category.0);
                properties::write_with(&labels, &members, &mut user)
            }
            Kind::Group => {
                let mut props = String::new();
                let mut object = Object::begin(&mut props);
                object.text_opt("group_id", text(self.group_id).as_deref());
                object.end();
                props
            }
            Kind::Identify | Kind::Alias => "{}".to_owned(),
        });
        let header = context.header(user, settings, &event.page, event.at);
        Ok(Call {
            sent_at,
            header,
            event,
        })
    }
}

/// A call must say whose it is, or a platform would match it with nobody.
fn check_identity(
    kind: Kind,
    user: &User<'_>,
    previous_id: Option<Word<'_>>,
    group_id: Option<&Word<'_>>,
) -> Result<(), Refusal> {
    if user.anonymous_id.is_none() && user.user_id.is_none() {
        return Err(Refusal::new(
            "invalid_identity",
            "userId and anonymousId are missing: send one of them",
        ));
    }
    let is_incomplete = match kind {
        Kind::Group => group_id.is_none(),
        Kind::Alias => text(previous_id).is_none() || user.user_id.is_none(),
        Kind::Track | Kind::Identify | Kind::Page | Kind::Screen => false,
    };
    if is_incomplete {
        return Err(Refusal::new(
            "invalid_identity",
            "group needs groupId, alias needs previousId and userId",
        ));
    }
    Ok(())
}

fn labels<'a>(
    kind: Kind,
    name: Option<Text<'a>>,
    category: Option<Text<'a>>,
) -> Vec<(&'static str, Cow<'a, str>)> {
    let names = if kind == Kind::Screen {
        ["screen_name", "screen_category"]
    } else {
        ["page_name", "page_category"]
    };
    names
        .into_iter()
        .zip([name, category])
        .filter_map(|(label, text)| Some((label, filled(text?.0)?)))
        .collect()
}
