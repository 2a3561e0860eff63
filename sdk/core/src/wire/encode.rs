//! Writes the wire types as JSON.

use std::borrow::Cow;

use super::json::{self, Object};
use super::{Batch, ConsentEvidence, Context, Event, Header, Touch, User, VERSION};
use crate::consent::{AgeBand, Answers, Framework, Purpose};

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
        text_opt(&mut object, "lang", &self.lang);
        text_opt(&mut object, "tz", &self.tz);
        text_opt(&mut object, "screen", &self.screen);
        text_opt(&mut object, "sdk", &self.sdk);
        text_opt(&mut object, "ip", &self.ip);
        text_opt(&mut object, "ua", &self.ua);
        if !self.bot.is_empty() {
            for (index, reason) in self.bot.iter().enumerate() {
                push_item(&mut object, "bot", index == 0, reason);
            }
            object.value().push(']');
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
        // The collector's own word: the browser has none, and pays for none.
        #[cfg(feature = "decode")]
        if self.is_gpc_required {
            object.bool_opt("gpc_required", Some(true));
        }
        if self.age != AgeBand::Adult {
            object.text("age_band", self.age.as_str());
        }
        if let Some(framework) = &self.framework {
            framework.encode(object.key("framework"));
        }
        text_opt(&mut object, "basis", &self.basis);
        if let Some(choice) = &self.choice {
            object.int("policy", i64::from(choice.policy_version));
            object.int("at", choice.at_ms);
            if choice.after_gpc_notice {
                object.bool_opt("after_gpc_notice", Some(true));
            }
            push_answers(&mut object, &choice.answers);
        }
        object.end();
    }
}

impl Framework {
    /// Appends the answers as a JSON object.
    #[inline(never)]
    pub fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text("basis", self.source.as_str());
        object.int("policy", i64::from(self.policy_version));
        object.int("at", self.at_ms);
        push_answers(&mut object, &self.answers);
        object.end();
    }
}

/// Writes one member a purpose.
#[inline(never)]
pub fn push_answers(object: &mut Object<'_>, answers: &Answers) {
    for (purpose, answer) in Purpose::ALL.into_iter().zip(answers) {
        object.bool_opt(purpose.as_str(), *answer);
    }
}

impl User<'_> {
    fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        text_opt(&mut object, "anonymous_id", &self.anonymous_id);
        if self.is_reset {
            object.bool_opt("reset", Some(true));
        }
        text_opt(&mut object, "user_id", &self.user_id);
        for key in super::DigestKey::ALL {
            let mut is_open = false;
            for (_, value) in self.digests.iter().filter(|(known, _)| known == key) {
                push_item(&mut object, key.as_str(), !is_open, value);
                is_open = true;
            }
            if is_open {
                object.value().push(']');
            }
        }
        for (key, value) in &self.browser {
            object.text(key.as_str(), value);
        }
        if !self.kept.is_empty() {
            let mut kept = Object::begin(object.key("kept"));
            for (key, value) in &self.kept {
                kept.text(key.as_str(), value);
            }
            kept.end();
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
        text_opt(&mut page, "url", &self.page.url);
        text_opt(&mut page, "ref", &self.page.referrer);
        text_opt(&mut page, "title", &self.page.title);
        page.end();
        object.key("props").push_str(if self.props.is_empty() {
            "{}"
        } else {
            &self.props
        });
        object.end();
    }
}

#[expect(
    clippy::ref_option,
    reason = "one pointer at each of many calls, for the browser's sake"
)]
#[inline(never)]
fn text_opt(object: &mut Object<'_>, key: &str, value: &Option<Cow<'_, str>>) {
    object.text_opt(key, value.as_deref());
}

/// Writes one text of a list; the first one starts it.
#[inline(never)]
fn push_item(object: &mut Object<'_>, key: &str, is_first: bool, text: &str) {
    let out = if is_first {
        object.key(key)
    } else {
        object.value()
    };
    out.push(if is_first { '[' } else { ',' });
    json::push_str(out, text);
}
