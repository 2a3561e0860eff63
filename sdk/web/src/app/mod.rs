//! The SDK's state and what the page asks of it.

mod choosing;
mod sending;

use std::borrow::Cow;

use firsthand_core::session::Session;
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{Event, Page};
use firsthand_core::{catalogue, ids};

use crate::capture::page::{self, Place};
use crate::capture::person;
use crate::config::Config;
use crate::consent::Consent;
use crate::host;
use crate::outbox::{Entry, Outbox};
use crate::status::{Status, count};
use crate::storage::{self, segment::Segment};
use crate::transport::Sender;

/// Longest properties of one event, in bytes.
const MAX_PROPS_BYTES: usize = 32 * 1024;

/// What `track()` was given.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tracked<'a> {
    /// Name as the page wrote it.
    pub(crate) name: &'a str,
    /// Properties as JSON; empty for none, `!` when they could not be written.
    pub(crate) props: &'a str,
    /// Order id among the properties.
    pub(crate) transaction_id: &'a str,
    /// Refund id among the properties.
    pub(crate) refund_id: &'a str,
    /// Id the caller wants.
    pub(crate) id: &'a str,
    /// Time the caller states, in epoch milliseconds; 0 for now.
    pub(crate) at_ms: i64,
}

/// All state of this page.
#[derive(Debug)]
pub(crate) struct App {
    config: Config,
    consent: Consent,
    place: Place,
    session: Option<Session>,
    /// The next activity is an arrival by another campaign.
    is_new_campaign: bool,
    /// Name of the current segment; empty until an event needs one.
    segment_name: String,
    segment: Segment,
    /// Earlier segments whose events wait in memory.
    sealed: Vec<(String, Segment)>,
    held: Vec<Entry>,
    outbox: Outbox,
    sender: Sender,
    status: Status,
}

impl App {
    /// Starts with what the browser remembers, as far as the visitor allows.
    pub(crate) fn start(config: Config) -> Self {
        let now_ms = host::now_ms();
        let consent = Consent::load(&config, now_ms);
        let sender = Sender::new(config.batch_events);
        let mut app = Self {
            config,
            consent,
            place: Place::default(),
            session: None,
            is_new_campaign: false,
            segment_name: String::new(),
            segment: Segment::default(),
            sealed: Vec::new(),
            held: Vec::new(),
            outbox: Outbox::default(),
            sender,
            status: Status::default(),
        };
        app.recall();
        app
    }

    /// Reads ids, session and waiting events from the storage, if events are allowed.
    fn recall(&mut self) {
        if self.config.memory_only || !self.consent.verdict().allows_events() {
            return;
        }
        self.session = storage::read_session().or(self.session);
        self.recall_segment();
        let now_ms = host::now_ms();
        self.outbox
            .refresh(&self.config, now_ms, &mut self.status.drops);
        self.forget_unused_segments();
        if self.outbox.len() > 0 {
            self.sender
                .due_ms
                .get_or_insert(now_ms + self.config.flush_ms);
        }
    }

    /// Takes the current segment from the storage: it is shared by all tabs.
    fn recall_segment(&mut self) {
        let Some(text) = host::ls_get(storage::ANONYMOUS) else {
            return;
        };
        let Some((anonymous_id, name)) = text.split_once(' ') else {
            return;
        };
        if !ids::is_uuid(anonymous_id) || name.len() != SEGMENT_NAME_BYTES {
            return;
        }
        // What was seen and said on this page before the choice stays.
        let seen = std::mem::take(&mut self.segment);
        self.segment = host::ls_get(&storage::key(storage::SEGMENT, name))
            .map(|stored| Segment::decode(&stored))
            .unwrap_or_default();
        anonymous_id.clone_into(&mut self.segment.anonymous_id);
        name.clone_into(&mut self.segment_name);
        if !seen.user_id.is_empty() {
            self.segment.user_id = seen.user_id;
        }
        for (key, digest) in seen.digests {
            self.segment.set_digest(key, Some(digest));
        }
        let at_ms = self
            .segment
            .touches
            .last
            .as_ref()
            .map_or(0, |last| last.at_ms);
        if let Some(touch) = seen.touches.last.filter(|touch| touch.at_ms > at_ms) {
            self.arrived(touch);
        }
    }

    /// Remembers an arrival: another segment, and another session where the shop wants it.
    fn arrived(&mut self, touch: firsthand_core::touchpoint::Touch) {
        self.is_new_campaign |= self.config.split_on_campaign && page::is_campaign(&touch);
        self.seal();
        page::record(&mut self.segment.touches, touch);
        self.write_segment();
    }

    /// Goes to a page; returns whether it is another one.
    pub(crate) fn navigate(&mut self, href: &str, referrer: &str) -> bool {
        let is_first = !self.place.is_known();
        let from = if is_first { referrer } else { "" };
        let now_ms = host::now_ms();
        let is_allowed = self.consent.verdict().allows_events() || self.consent.is_pending();
        if is_allowed
            && let Some(touch) =
                page::new_arrival(&self.config, &self.segment.touches, href, from, now_ms)
        {
            self.arrived(touch);
        }
        self.place.go(href, referrer)
    }

    /// Takes an event; returns its id in every case.
    pub(crate) fn track(&mut self, tracked: Tracked<'_>) -> String {
        let now_ms = host::now_ms();
        let name = catalogue::canonical(tracked.name);
        let id = ids::derived_event_id(name, some(tracked.transaction_id), some(tracked.refund_id))
            .or_else(|| ids::is_valid_event_id(tracked.id).then(|| tracked.id.to_owned()))
            .unwrap_or_else(|| ids::uuid_v7(now_ms, host::random_bytes()));
        let refusal = if !catalogue::is_valid(name) {
            Some("invalid_name")
        } else if tracked.props == "!" || tracked.props.len() > MAX_PROPS_BYTES {
            Some("invalid_props")
        } else {
            None
        };
        if let Some(reason) = refusal {
            self.drop_event(reason, 1);
            return id;
        }
        self.consent.refresh(&self.config, now_ms);
        let is_allowed = self.consent.verdict().allows_events();
        if !is_allowed && !self.consent.is_pending() {
            self.drop_event("consent_denied", 1);
            return id;
        }
        let entry = self.entry(&id, name, tracked, now_ms);
        if is_allowed {
            self.queue(&entry, now_ms);
            self.kick();
        } else {
            self.hold(entry);
        }
        id
    }

    fn entry(&mut self, id: &str, name: &str, tracked: Tracked<'_>, now_ms: i64) -> Entry {
        let session = self.touch_session(now_ms);
        let title = host::title();
        let event = Event {
            id: Cow::Borrowed(id),
            name: Cow::Borrowed(name),
            at: if tracked.at_ms > 0 {
                tracked.at_ms
            } else {
                now_ms
            },
            session: Some(session),
            page: Page {
                url: some(&self.place.url).map(Cow::Borrowed),
                referrer: some(&self.place.referrer).map(Cow::Borrowed),
                title: some(&title).map(Cow::Borrowed),
            },
            props: Cow::Borrowed(tracked.props),
        };
        let mut json = String::with_capacity(384 + tracked.props.len());
        event.encode(&mut json);
        Entry {
            id: id.to_owned(),
            is_conversion: catalogue::is_conversion(name),
            json,
        }
    }

    fn touch_session(&mut self, now_ms: i64) -> i64 {
        let is_new_campaign = std::mem::take(&mut self.is_new_campaign);
        let timeout_ms = self.config.session_timeout_ms;
        let (session, _) = Session::touch(self.session, now_ms, timeout_ms, is_new_campaign);
        if self.session != Some(session) {
            self.session = Some(session);
            if self.may_store() {
                storage::write_session(session);
            }
        }
        session.started_ms
    }

    /// Puts an event into the outbox.
    fn queue(&mut self, entry: &Entry, now_ms: i64) {
        if self.segment_name.is_empty() {
            self.segment_name = segment_name();
            if self.segment.anonymous_id.is_empty() {
                self.segment.anonymous_id = ids::uuid_v7(now_ms, host::random_bytes());
            }
            self.write_segment();
        }
        self.outbox.push(
            &self.config,
            &self.segment_name,
            entry,
            now_ms,
            &mut self.status.drops,
        );
        if entry.is_conversion {
            // The collector waits only shortly for the browser's half of a sale.
            self.sender.due_ms = Some(now_ms);
        } else {
            self.sender
                .due_ms
                .get_or_insert(now_ms + self.config.flush_ms);
        }
    }

    /// Keeps an event in memory until the visitor has chosen; conversions are dropped last.
    fn hold(&mut self, entry: Entry) {
        if self.held.len() >= self.config.held_events {
            let plain = self.held.iter().position(|held| !held.is_conversion);
            self.drop_event("held_full", 1);
            match plain {
                Some(index) => {
                    self.held.remove(index);
                }
                None if entry.is_conversion && !self.held.is_empty() => {
                    self.held.remove(0);
                }
                None => return,
            }
        }
        self.held.push(entry);
    }

    /// Takes `name<tab>value` lines about the visitor; returns the names of refused values.
    pub(crate) fn identify(&mut self, lines: &str) -> String {
        let verdict = *self.consent.verdict();
        let is_pending = self.consent.is_pending();
        if !verdict.allows_events() && !is_pending {
            return String::new();
        }
        if let Some(user_id) = person::user_id(lines)
            && user_id != self.segment.user_id
        {
            if !self.segment.user_id.is_empty() {
                self.seal();
                self.segment.digests.clear();
            }
            user_id.clone_into(&mut self.segment.user_id);
        }
        let mut refused = String::new();
        if verdict.allows_match_keys() || self.consent.verdict().prompt {
            refused = person::digest_into(&mut self.segment, self.config.default_country, lines);
        }
        self.write_segment();
        refused
    }

    /// Forgets the visitor: another anonymous id, no digests, no arrivals. What waits keeps its own user.
    pub(crate) fn reset(&mut self) {
        self.seal();
        self.segment = Segment::default();
        self.segment_name.clear();
        self.session = None;
        if !self.config.memory_only {
            host::ls_del(storage::ANONYMOUS);
            host::ls_del(storage::SESSION);
            self.forget_unused_segments();
        }
    }

    /// Starts another segment with the same content; events that wait keep the earlier one.
    fn seal(&mut self) {
        if self.segment_name.is_empty() {
            return;
        }
        let earlier = std::mem::replace(&mut self.segment_name, segment_name());
        if self.outbox.uses(&earlier) {
            self.sealed.push((earlier, self.segment.clone()));
        }
    }

    /// Writes the current segment, as far as the visitor allows.
    fn write_segment(&mut self) {
        if !self.may_store() || self.segment_name.is_empty() {
            return;
        }
        let verdict = self.consent.verdict();
        let text = if verdict.allows_match_keys() {
            self.segment.encode()
        } else {
            let mut allowed = self.segment.clone();
            allowed.remove_match_keys();
            allowed.encode()
        };
        let mut current = String::with_capacity(48);
        current.push_str(&self.segment.anonymous_id);
        current.push(' ');
        current.push_str(&self.segment_name);
        host::ls_set(&storage::key(storage::SEGMENT, &self.segment_name), &text);
        host::ls_set(storage::ANONYMOUS, &current);
    }

    /// Lets go of segments without events.
    fn forget_unused_segments(&mut self) {
        let Self {
            outbox,
            sealed,
            segment_name,
            config,
            ..
        } = self;
        sealed.retain(|(name, _)| outbox.uses(name));
        if config.memory_only {
            return;
        }
        for key in host::ls_keys(storage::SEGMENT).lines() {
            let name = key.get(storage::SEGMENT.len()..).unwrap_or_default();
            if name != segment_name && !outbox.uses(name) {
                host::ls_del(key);
            }
        }
    }

    fn may_store(&self) -> bool {
        !self.config.memory_only && self.consent.verdict().allows_events()
    }

    fn drop_event(&mut self, reason: &'static str, events: usize) {
        self.status.drops.count_many(reason, events);
        if self.config.debug {
            host::log(reason);
        }
    }

    /// Switches logging.
    pub(crate) fn set_debug(&mut self, is_on: bool) {
        self.config.debug = is_on;
    }

    /// Returns the status as JSON.
    pub(crate) fn status(&self) -> String {
        let mut out = String::with_capacity(800);
        let mut object = Object::begin(&mut out);
        object.text("version", env!("CARGO_PKG_VERSION"));
        object.text(
            "state",
            if self.sender.stopped.is_some() {
                "inert"
            } else {
                "ready"
            },
        );
        object.text_opt("reason", self.sender.stopped);
        object
            .key("consent")
            .push_str(&self.consent.view(&self.config));
        object.int("queued", count(self.outbox.len()));
        object.int("held", count(self.held.len()));
        self.status.encode(&mut object);
        let is_local = !self.config.memory_only && host::ls_ok();
        object.text("storage", if is_local { "local" } else { "memory" });
        object.end();
        out
    }
}

/// Length of a segment's name.
const SEGMENT_NAME_BYTES: usize = crate::outbox::SEGMENT_BYTES;

/// An empty text is none.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn segment_name() -> String {
    let mut name = String::with_capacity(SEGMENT_NAME_BYTES);
    for byte in host::random_bytes().iter().take(SEGMENT_NAME_BYTES / 2) {
        ids::push_hex(&mut name, *byte);
    }
    name
}
