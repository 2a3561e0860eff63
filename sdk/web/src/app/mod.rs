//! The SDK's state and what the page asks of it.

mod choosing;
mod sending;
mod visitor;

use firsthand_core::catalogue;
use firsthand_core::consent::{PURPOSES, Verdict};
use firsthand_core::session::Session;
use firsthand_core::text::fields;
use firsthand_core::wire::{drop_reason, json::Object};

use crate::capture::page::{self, Place};
use crate::config::Config;
use crate::consent::Consent;
use crate::host;
use crate::outbox::{self, Outbox, Record};
use crate::step;
use crate::storage::{self, segment::Segment};
use crate::transport::Sender;

/// Longest properties of one event, in bytes.
const MAX_PROPS_BYTES: usize = 32 * 1024;
/// Activity within this time of what the session knows is not written down: a burst of events costs one write. Sessions end as much earlier.
const SESSION_STEP_MS: i64 = 1_000;

/// All state of this page.
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
    /// Time in the key of the newest event: each has its own, so that they stay in the order in which they were tracked.
    key_ms: i64,
    /// Events that wait for the visitor's choice.
    held: Vec<Record>,
    outbox: Outbox,
    sender: Sender,
}

impl App {
    /// Starts with what the browser remembers, as far as the visitor allows.
    pub(crate) fn start(options: &str) -> Self {
        let config = Config::parse(options);
        host::begin(env!("CARGO_PKG_VERSION"), config.memory_only, config.debug);
        let consent = Consent::new(&config);
        let sender = Sender {
            limit: config.batch_events,
            ..Sender::default()
        };
        let mut app = Self {
            config,
            consent,
            place: Place::default(),
            session: None,
            is_new_campaign: false,
            segment_name: String::new(),
            segment: Segment::default(),
            key_ms: 0,
            held: Vec::new(),
            outbox: Outbox::default(),
            sender,
        };
        app.consent.refresh(&app.config, host::now_ms());
        // What an earlier page kept goes where it may not be kept any more.
        app.reconcile(&Verdict {
            allow: [true; PURPOSES],
            ..Verdict::default()
        });
        app
    }

    /// Takes a step of the surface and returns its answer; [`crate::step`] says what it is given.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates; the collector checks times"
    )]
    pub(crate) fn take_step(&mut self, number: u32, text: &str, value: f64) -> String {
        let mut lines = fields(text, b'\n');
        let mut line = || lines.next().unwrap_or_default();
        let is_on = value > 0.0;
        match number {
            step::NAVIGATE => {
                let is_other = self.navigate(line(), line());
                return String::from(if is_other { "1" } else { "" });
            }
            step::TRACK => self.track([line(), line(), line(), line()], value as i64),
            step::IDENTIFY => return self.identify(text),
            step::DIGESTS => self.add_digests(text),
            step::CONSENT => {
                self.refresh();
                return self.consent.view(&self.config);
            }
            step::CHOOSE => return self.choose(line(), line(), is_on),
            step::SIGNAL => return self.signal(line(), line(), is_on),
            step::RESET => self.reset(),
            step::FLUSH => self.flush(),
            step::STATUS => {
                let (queued, held) = (self.outbox.len(), self.held.len());
                return host::status(queued, held, self.sender.stopped);
            }
            step::HIDDEN => self.hidden(),
            step::LEFT => self.left(),
            step::RETURNED => self.returned(),
            step::WOKE => self.woke(),
            step::STORAGE => self.storage_changed(text),
            step::START | step::TICK => self.kick(),
            step::LOCKED => self.locked(is_on),
            step::SENT => self.sent(
                firsthand_core::text::parse_int(text).unwrap_or_default(),
                value,
            ),
            step::PAUSE => {
                self.sender.is_paused = is_on;
                self.kick();
            }
            _ => {}
        }
        String::new()
    }

    /// Reads ids, session and waiting events from the storage, if events are allowed.
    fn recall(&mut self) {
        if !self.may_store() {
            return;
        }
        self.session = storage::read_session().or(self.session);
        self.recall_segment();
        let now_ms = host::now_ms();
        self.outbox.refresh(&self.config, now_ms);
        self.forget_unused_segments();
        if self.outbox.len() > 0 {
            // Left by another page, or by this one when it went: what no answer has acknowledged leaves again with each page.
            self.sender.due_ms = Some(now_ms);
        }
    }

    /// Goes to a page; returns whether it is another one.
    fn navigate(&mut self, href: &str, referrer: &str) -> bool {
        let from = if self.place.is_known() { "" } else { referrer };
        let now_ms = host::now_ms();
        let is_allowed = self.may_store() || self.consent.is_pending();
        if is_allowed
            && let Some(arrival) =
                page::new_arrival(&self.config, &self.segment, href, from, now_ms)
        {
            self.is_new_campaign |= self.config.split_on_campaign && arrival.is_campaign;
            self.seal();
            self.segment
                .record(now_ms, &arrival.text, &arrival.clicks, &arrival.fbc);
            self.write_segment();
        }
        self.place.go(href, referrer)
    }

    /// Takes an event: name, id, properties, title of the page; time.
    fn track(&mut self, [name, id, props, title]: [&str; 4], at_ms: i64) {
        let now_ms = self.refresh();
        let name = catalogue::known_in_page(name);
        let is_allowed = self.may_store();
        let refusal = if !catalogue::may_be_named(name) {
            drop_reason::INVALID_NAME
        } else if props == "!" || props.len() > MAX_PROPS_BYTES {
            drop_reason::INVALID_PROPS
        } else if !is_allowed && !self.consent.is_pending() {
            drop_reason::CONSENT_DENIED
        } else {
            ""
        };
        if !refusal.is_empty() {
            return host::dropped(refusal, 1);
        }
        let at_ms = if at_ms > 0 { at_ms } else { now_ms };
        let session_ms = self.touch_session(now_ms);
        let json = self.event(id, name, props, title, [at_ms, session_ms]);
        self.key_ms = now_ms.max(self.key_ms + 1);
        let record = Record::new(id, catalogue::is_conversion(name), &json, self.key_ms);
        if is_allowed {
            self.queue(record, now_ms);
            self.kick();
        } else {
            self.hold(record);
        }
    }

    /// Writes an event as the wire has it (`docs/wire.md`).
    fn event(
        &self,
        id: &str,
        name: &str,
        props: &str,
        title: &str,
        [at_ms, session_ms]: [i64; 2],
    ) -> String {
        let mut out = String::with_capacity(384 + props.len());
        let mut object = Object::begin(&mut out);
        object.text("id", id);
        object.text("name", name);
        object.int("at", at_ms);
        object.int("session", session_ms);
        let mut page = Object::begin(object.key("page"));
        page.text("url", &self.place.url);
        for (key, text) in [("ref", self.place.referrer.as_str()), ("title", title)] {
            if !text.is_empty() {
                page.text(key, text);
            }
        }
        page.end();
        let props = if props.is_empty() { "{}" } else { props };
        object.key("props").push_str(props);
        object.end();
        out
    }

    fn touch_session(&mut self, now_ms: i64) -> i64 {
        let is_new_campaign = std::mem::take(&mut self.is_new_campaign);
        let timeout_ms = self.config.session_timeout_ms;
        let known_ms = self.session.map_or(0, |session| session.last_ms);
        let (session, is_new) = Session::touch(self.session, now_ms, timeout_ms, is_new_campaign);
        if is_new || session.last_ms - known_ms >= SESSION_STEP_MS {
            self.session = Some(session);
            if self.may_store() {
                storage::write_session(session);
            }
        }
        session.started_ms
    }

    /// Puts an event into the outbox.
    fn queue(&mut self, record: Record, now_ms: i64) {
        self.name_segment(now_ms);
        if record.is_conversion() {
            // The collector waits only shortly for the browser's half of a sale.
            self.sender.due_ms = Some(now_ms);
        } else {
            self.sender
                .due_ms
                .get_or_insert(now_ms + self.config.flush_ms);
        }
        self.outbox.push(&self.config, &self.segment_name, record);
    }

    /// Keeps an event in memory until the visitor has chosen; conversions are dropped last.
    fn hold(&mut self, record: Record) {
        if self.held.len() >= self.config.held_events {
            host::dropped(drop_reason::HELD_FULL, 1);
            if outbox::give_way(&mut self.held, record.is_conversion()).is_none() {
                return;
            }
        }
        self.held.push(record);
    }

    /// Whether ids and events may be kept and sent.
    fn may_store(&self) -> bool {
        self.consent.verdict().allows_events()
    }
}
