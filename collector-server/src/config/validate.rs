//! What values make sense together.

use std::collections::BTreeSet;
use std::fmt;

use firsthand_core::catalogue;

use super::Config;
use super::validate_source::{check_queue, check_sources};
use crate::forward;
use crate::intake::{Network, is_sha256};
use crate::privacy::keys::KeyConfig;
use crate::region::is_code;

/// One wrong value: its key, what is wrong, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `store.retention_days`.
    pub key: String,
    /// What is wrong and what to write.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.key, self.what)
    }
}

pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, key: impl Into<String>, what: impl Into<String>) {
        self.0.push(Problem {
            key: key.into(),
            what: what.into(),
        });
    }

    pub(super) fn within(&mut self, key: &str, got: u64, low: u64, high: u64) {
        if !(low..=high).contains(&got) {
            self.add(key, format!("must be {low} to {high}, got {got}"));
        }
    }
}

impl Config {
    /// Returns everything that is wrong, empty when nothing is.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems(Vec::new());
        self.check_numbers(&mut problems);
        self.check_server(&mut problems);
        self.check_names(&mut problems);
        self.check_confirm(&mut problems);
        self.check_alerts(&mut problems);
        self.check_signals(&mut problems);
        self.check_privacy(&mut problems);
        check_sources(&self.sources, &mut problems);
        check_queue(self, &mut problems);
        let forwarding = [
            self.forward.validate(),
            forward::config::validate_all(&self.destinations),
        ];
        for error in forwarding.into_iter().filter_map(Result::err) {
            problems.add(error.key, error.problem);
        }
        problems.0
    }

    #[allow(clippy::too_many_lines)] // a table
    fn check_numbers(&self, problems: &mut Problems) {
        let limits = &self.limits;
        let store = &self.store;
        let rest = [
            (
                "server.write_timeout_secs",
                self.server.write_timeout_secs,
                1,
                3600,
            ),
            (
                "server.connection_age_secs",
                self.server.connection_age_secs,
                1,
                7 * 86_400,
            ),
            (
                "server.idle_timeout_secs",
                self.server.idle_timeout_secs,
                1,
                3600,
            ),
            (
                "cookie.max_age_days",
                self.cookie.max_age_days.into(),
                1,
                400,
            ),
            (
                "consent.max_age_days",
                self.consent.max_age_days.into(),
                1,
                730,
            ),
            ("store.order_days", store.order_days.into(), 1, 3650),
            ("store.dedup_days", store.dedup_days.into(), 7, 365),
            (
                "store.quarantine_rows",
                store.quarantine_rows.into(),
                0,
                10_000_000,
            ),
            (
                "store.quarantine_days",
                store.quarantine_days.into(),
                1,
                365,
            ),
            ("store.consent_days", store.consent_days.into(), 30, 3650),
            ("store.cache_kib", store.cache_kib.into(), 256, 16 << 20),
            (
                "store.wal_checkpoint_pages",
                store.wal_checkpoint_pages.into(),
                100,
                1_000_000,
            ),
            (
                "store.queue_requests",
                store.queue_requests.into(),
                1,
                1_000_000,
            ),
            (
                "store.queue_bytes",
                store.queue_bytes.into(),
                1 << 20,
                4 << 30,
            ),
            (
                "store.commit_requests",
                store.commit_requests.into(),
                1,
                1_000_000,
            ),
            (
                "store.commit_bytes",
                store.commit_bytes.into(),
                1 << 16,
                1 << 30,
            ),
            (
                "store.commit_delay_ms",
                store.commit_delay_ms.into(),
                0,
                1000,
            ),
            ("store.readers", store.readers.into(), 1, 64),
            (
                "privacy.person_identifiers",
                self.privacy.person_identifiers.into(),
                2,
                1000,
            ),
            ("privacy.link_days", self.privacy.link_days.into(), 30, 3650),
            (
                "server.drain_timeout_secs",
                self.server.drain_timeout_secs,
                1,
                3600,
            ),
            (
                "server.read_timeout_secs",
                self.server.read_timeout_secs,
                1,
                300,
            ),
        ];
        for (key, got, low, high) in limits.bounds().into_iter().chain(rest) {
            problems.within(key, got, low, high);
        }
        // The largest body must fit alone, packed and unpacked.
        let largest = [
            limits.body_bytes,
            limits.segment_body_bytes.saturating_mul(2),
            limits.webhook_body_bytes,
        ];
        let largest = largest.into_iter().max().unwrap_or_default();
        if limits.bytes_in_flight < largest {
            problems.add(
                "limits.bytes_in_flight",
                format!(
                    "must be at least {largest}, for the largest of limits.body_bytes, limits.webhook_body_bytes and twice \
                     limits.segment_body_bytes; got {}",
                    limits.bytes_in_flight
                ),
            );
        }
        if store.dedup_days < self.limits.max_event_age_days {
            problems.add(
                "store.dedup_days",
                format!(
                    "must be at least {} (limits.max_event_age_days), or a late copy would count again; got {}",
                    self.limits.max_event_age_days, store.dedup_days
                ),
            );
        }
        if store.retention_days < store.dedup_days {
            problems.add(
                "store.retention_days",
                format!(
                    "must be at least {} (store.dedup_days), got {}",
                    store.dedup_days, store.retention_days
                ),
            );
        }
        if !store.page_bytes.is_power_of_two() || !(512..=65_536).contains(&store.page_bytes) {
            problems.add(
                "store.page_bytes",
                "must be a power of two from 512 to 65536",
            );
        }
        for (key, mib) in [
            ("store.max_mib", store.max_mib),
            ("store.max_log_mib", store.max_log_mib),
        ] {
            if mib == 1 {
                problems.add(key, "must be 0 (no limit) or at least 2");
            }
        }
        if store.max_mib > 0 && store.max_log_mib >= store.max_mib {
            problems.add(
                "store.max_log_mib",
                format!(
                    "must be below {} (store.max_mib), or the file is full before anything is forgotten; got {}",
                    store.max_mib, store.max_log_mib
                ),
            );
        }
    }

    fn check_privacy(&self, problems: &mut Problems) {
        let privacy = &self.privacy;
        for (key, url) in [
            ("privacy.notice_url", &privacy.notice_url),
            ("privacy.withdraw_url", &privacy.withdraw_url),
        ] {
            if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
                problems.add(
                    key,
                    "must be an address, such as \"https://shop.example/privacy\"",
                );
            }
        }
        if let Some(digest) = &privacy.notice_sha256
            && !is_sha256(digest)
        {
            problems.add(
                "privacy.notice_sha256",
                "must be 64 hex digits in lower case, as `sha256sum notice.html` prints them",
            );
        }
        self.check_keys(problems);
        let kept = self.store.retention_days.max(self.consent.max_age_days);
        if privacy.receipt_days != 0 && privacy.receipt_days < kept {
            problems.add(
                "privacy.receipt_days",
                format!(
                    "must be 0 (for ever) or at least {kept}: longer than events (store.retention_days) and \
                     grants (consent.max_age_days) last; got {}",
                    privacy.receipt_days
                ),
            );
        }
    }

    fn check_keys(&self, problems: &mut Problems) {
        let mut ids = BTreeSet::new();
        for key in &self.privacy.keys {
            let id = &key.id;
            if !KeyConfig::is_valid_id(id) {
                problems.add(
                    "privacy.keys",
                    format!(
                        "the id {id:?} must be 1 to 40 letters, digits, dots, underscores and hyphens, and not \
                         begin with \"file\": write \"2026a\""
                    ),
                );
            }
            if !ids.insert(id) {
                problems.add(format!("privacy.keys.{id}"), "this id is there twice");
            }
        }
        let store = &self.store;
        for (purpose, days) in self.privacy.retention_days.all() {
            let Some(days) = days else { continue };
            problems.within(
                &format!("privacy.retention_days.{}", purpose.as_str()),
                days.into(),
                store.dedup_days.into(),
                store.retention_days.into(),
            );
        }
    }

    fn check_server(&self, problems: &mut Problems) {
        let server = &self.server;
        let prefix = &server.path_prefix;
        let is_path = prefix.starts_with('/')
            && !prefix.ends_with('/')
            && prefix
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
        if !prefix.is_empty() && !is_path {
            problems.add(
                "server.path_prefix",
                "must start and not end with a slash, such as \"/fh\"",
            );
        }
        for proxy in &server.trusted_proxies {
            if Network::parse(proxy).is_none() {
                problems.add(
                    "server.trusted_proxies",
                    format!(
                        "{proxy:?} is no address or network, write \"10.0.0.1\" or \"10.0.0.0/8\""
                    ),
                );
            }
        }
        for (key, header, example) in [
            (
                "server.country_header",
                &server.country_header,
                "CF-IPCountry",
            ),
            (
                "server.region_header",
                &server.region_header,
                "CF-Region-Code",
            ),
        ] {
            if header
                .as_deref()
                .is_some_and(|header| http::HeaderName::from_bytes(header.as_bytes()).is_err())
            {
                problems.add(
                    key,
                    format!("must be the name of a header, such as \"{example}\""),
                );
            }
        }
        if let Some(url) = &server.public_url
            && !url.starts_with("https://")
            && !url.starts_with("http://")
        {
            problems.add(
                "server.public_url",
                "must be an address, such as \"https://c.shop.example\"",
            );
        }
        if server.worker_threads == Some(0) {
            problems.add("server.worker_threads", "must be at least 1");
        }
    }

    fn check_names(&self, problems: &mut Problems) {
        let cookie = &self.cookie;
        let is_token = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        };
        if !is_token(&cookie.name) {
            problems.add(
                "cookie.name",
                "must be letters, digits, underscores and hyphens, such as \"fh_id\"",
            );
        }
        if cookie.domain.as_deref().is_some_and(|d| !is_token(d)) {
            problems.add(
                "cookie.domain",
                "must be a host name, such as \"shop.example\"",
            );
        }
        let consent = &self.consent;
        let regimes = consent.regime_by_country.keys();
        let regimes = regimes.map(|code| ("regime_by_country", code));
        let signals = consent.gpc_required_by_region.keys();
        let signals = signals.map(|code| ("gpc_required_by_region", code));
        for (key, code) in regimes.chain(signals).filter(|(_, code)| !is_code(code)) {
            problems.add(
                format!("consent.{key}.{code}"),
                "must be an ISO 3166-1 code of two letters, such as \"DE\", or one of ISO 3166-2, such as \"US-CA\"",
            );
        }
        if consent
            .gpc_statement_date
            .parse::<jiff::civil::Date>()
            .is_err()
        {
            problems.add(
                "consent.gpc_statement_date",
                "must be a date, such as \"2026-01-01\"",
            );
        }
        for name in self.settle.by_event_ms.keys() {
            let canonical = catalogue::canonical(name);
            if canonical != name.as_str() || !catalogue::is_valid(name) {
                problems.add(
                    "settle.by_event_ms",
                    format!("{name:?} is no canonical event name, write {canonical}"),
                );
            }
        }
    }
}
