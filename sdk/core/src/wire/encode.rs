//! Writes the wire types as JSON.

use std::borrow::Cow;

use super::json::{self, Object};
use super::{Batch, ConsentEvidence, Context, Event, Header, Touch, User, VERSION};
use crate::consent::Purpose;

impl Batch<'_> {
    /// Returns the batch as the body of a request.
    pub fn encode(&self) -> String {
        let mut events = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let mut text = String::with_capacity(256);
            event.encode(&mut text);
            events.push(text);
        }
        encode_batch(
            &self.write_key,
            self.sent_at,
            &self.header,
            events.iter().map(String::as_str),
        )
    }
}

/// Returns a request's body from events that are encoded already (as they wait in an outbox).
pub fn encode_batch<'e>(
    write_key: &str,
    sent_at: i64,
    header: &Header<'_>,
    events: impl Iterator<Item = &'e str>,
) -> String {
    let mut out = String::with_capacity(1024);
    let mut object = Object::begin(&mut out);
    object.int("v", VERSION);
    object.text("write_key", write_key);
    object.int("sent_at", sent_at);
    header.encode_members(&mut object);
    let list = object.key("events");
    list.push('[');
    for (index, event) in events.enumerate() {
        if index > 0 {
            list.push(',');
        }
        list.push_str(event);
    }
    list.push(']');
    object.end();
    out
}

impl Header<'_> {
    /// Appends the header as a JSON object of its own.
    pub fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        self.encode_members(&mut object);
        object.end();
    }

    fn encode_members(&self, object: &mut Object<'_>) {
        self.context.encode(object.key("context"));
        self.consent.encode(object.key("consent"));
        self.user.encode(object.key("user"));
        let mut touch = Object::begin(object.key("touch"));
        for (key, arrival) in [("first", &self.first_touch), ("last", &self.last_touch)] {
            if let Some(arrival) = arrival {
                arrival.encode(touch.key(key));
            }
        }
        touch.end();
    }
}

impl Context<'_> {
    fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text_opt("lang", self.lang.as_deref());
        object.text_opt("tz", self.tz.as_deref());
        object.text_opt("screen", self.screen.as_deref());
        object.text_opt("sdk", self.sdk.as_deref());
        object.text_opt("ip", self.ip.as_deref());
        object.text_opt("ua", self.ua.as_deref());
        if !self.bot.is_empty() {
            push_texts(object.key("bot"), &self.bot);
        }
        if !self.dropped.is_empty() {
            let mut dropped = Object::begin(object.key("dropped"));
            for (reason, count) in &self.dropped {
                dropped.int(reason, *count);
            }
            dropped.end();
        }
        object.end();
    }
}

impl ConsentEvidence<'_> {
    /// Appends the evidence as a JSON object.
    pub fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text("regime", self.regime.as_str());
        object.bool_opt("gpc", Some(self.gpc));
        object.text_opt("basis", self.basis.as_deref());
        if let Some(choice) = &self.choice {
            object.int("policy", i64::from(choice.policy_version));
            object.int("at", choice.at_ms);
            if choice.after_gpc_notice {
                object.bool_opt("after_gpc_notice", Some(true));
            }
            for purpose in Purpose::ALL {
                object.bool_opt(purpose.as_str(), choice.answer(purpose));
            }
        }
        object.end();
    }
}

impl User<'_> {
    fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text_opt("anonymous_id", self.anonymous_id.as_deref());
        object.text_opt("user_id", self.user_id.as_deref());
        for key in super::DigestKey::ALL {
            let mut values = self.digests_of(*key).peekable();
            if values.peek().is_none() {
                continue;
            }
            let list = object.key(key.as_str());
            list.push('[');
            for (index, value) in values.enumerate() {
                if index > 0 {
                    list.push(',');
                }
                json::push_str(list, value);
            }
            list.push(']');
        }
        for (key, value) in &self.browser {
            object.text(key.as_str(), value);
        }
        object.end();
    }
}

impl Touch<'_> {
    fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.int("at", self.at);
        object.text("url", &self.url);
        object.text("ref", &self.referrer);
        for (key, pairs) in [("utm", &self.utm), ("click", &self.click)] {
            let mut labels = Object::begin(object.key(key));
            for (name, value) in pairs {
                labels.text(name, value);
            }
            labels.end();
        }
        object.end();
    }
}

impl Event<'_> {
    /// Appends the event as a JSON object.
    pub fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text("id", &self.id);
        object.text("name", &self.name);
        object.int("at", self.at);
        if let Some(session) = self.session {
            object.int("session", session);
        }
        let mut page = Object::begin(object.key("page"));
        page.text_opt("url", self.page.url.as_deref());
        page.text_opt("ref", self.page.referrer.as_deref());
        page.text_opt("title", self.page.title.as_deref());
        page.end();
        object.key("props").push_str(if self.props.is_empty() {
            "{}"
        } else {
            &self.props
        });
        object.end();
    }
}

fn push_texts(out: &mut String, texts: &[Cow<'_, str>]) {
    out.push('[');
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json::push_str(out, text);
    }
    out.push(']');
}
