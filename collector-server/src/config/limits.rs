//! What a sender may ask of the doors, and within which bounds an operator may set it.

use serde::Deserialize;

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Most events of one request.
    pub events_per_batch: usize,
    /// Requests that may be worked on at the same time.
    pub concurrent_requests: usize,
    /// Bytes of bodies, as they come and unpacked, that may be in memory at the same time.
    pub bytes_in_flight: usize,
    /// Connections at a time; more wait.
    pub connections: usize,
    /// Connections at a time of one client address (IPv6: one /64) that is no trusted proxy; 0: no limit.
    pub connections_per_address: usize,
    /// Requests that one connection carries; then it is closed.
    pub requests_per_connection: u64,
    /// Largest head of a request (request line and headers), in bytes.
    pub head_bytes: usize,
    /// Longest path with its query, in bytes.
    pub uri_bytes: usize,
    /// Requests a second that one key may send to `/v1/events` in the long run; 0: no limit.
    pub requests_per_second_per_key: u32,
    /// Requests that one key may send at once.
    pub request_burst_per_key: u32,
    /// Requests a second that one client address (IPv6: one /64) may send in the long run; 0: no limit.
    pub requests_per_second_per_address: u32,
    /// Requests that one client address may send at once.
    pub request_burst_per_address: u32,
    /// Client addresses whose rate is remembered.
    pub rate_limit_addresses: usize,
    /// Oldest event that is taken, in days.
    pub max_event_age_days: u32,
    /// How far ahead of the collector's clock an event may lie after correction, in minutes.
    pub max_event_future_minutes: u32,
    /// Largest payload that is kept in quarantine, in bytes.
    pub quarantine_payload_bytes: usize,
    /// Largest body of a Segment SDK, before and after decompression, in bytes.
    pub segment_body_bytes: usize,
    /// Largest single call of one, in bytes.
    pub segment_message_bytes: usize,
    /// Most calls of one batch.
    pub segment_messages_per_batch: usize,
    /// Largest body of a webhook, in bytes.
    pub webhook_body_bytes: usize,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            body_bytes: firsthand_core::wire::MAX_BODY_BYTES,
            events_per_batch: firsthand_core::wire::MAX_EVENTS,
            concurrent_requests: 4096,
            bytes_in_flight: 128 * 1024 * 1024,
            connections: 16_384,
            connections_per_address: 1_024,
            requests_per_connection: 100_000,
            head_bytes: 16 * 1024,
            uri_bytes: 8 * 1024,
            requests_per_second_per_key: 0,
            request_burst_per_key: 1000,
            requests_per_second_per_address: 100,
            request_burst_per_address: 1000,
            rate_limit_addresses: 100_000,
            max_event_age_days: 7,
            max_event_future_minutes: 10,
            quarantine_payload_bytes: 16 * 1024,
            segment_body_bytes: 4 * 1024 * 1024,
            segment_message_bytes: 32 * 1024,
            segment_messages_per_batch: 2_500,
            webhook_body_bytes: 2 * 1024 * 1024,
        }
    }
}

impl LimitsSection {
    /// Returns each number under its key, with the smallest and the greatest that is let through.
    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn bounds(&self) -> [(&'static str, u64, u64, u64); 21] {
        let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        [
            ("limits.body_bytes", size(self.body_bytes), 1024, 64 << 20),
            (
                "limits.events_per_batch",
                size(self.events_per_batch),
                1,
                10_000,
            ),
            (
                "limits.concurrent_requests",
                size(self.concurrent_requests),
                1,
                1_000_000,
            ),
            ("limits.connections", size(self.connections), 1, 1_000_000),
            (
                "limits.connections_per_address",
                size(self.connections_per_address),
                0,
                1_000_000,
            ),
            (
                "limits.bytes_in_flight",
                size(self.bytes_in_flight),
                1 << 20,
                64 << 30,
            ),
            (
                "limits.requests_per_connection",
                self.requests_per_connection,
                1,
                1_000_000_000,
            ),
            ("limits.head_bytes", size(self.head_bytes), 8192, 1 << 20),
            ("limits.uri_bytes", size(self.uri_bytes), 256, 65_534),
            (
                "limits.requests_per_second_per_key",
                self.requests_per_second_per_key.into(),
                0,
                1_000_000,
            ),
            (
                "limits.request_burst_per_key",
                self.request_burst_per_key.into(),
                1,
                1_000_000,
            ),
            (
                "limits.requests_per_second_per_address",
                self.requests_per_second_per_address.into(),
                0,
                1_000_000,
            ),
            (
                "limits.request_burst_per_address",
                self.request_burst_per_address.into(),
                1,
                1_000_000,
            ),
            (
                "limits.rate_limit_addresses",
                size(self.rate_limit_addresses),
                1000,
                10_000_000,
            ),
            (
                "limits.max_event_age_days",
                self.max_event_age_days.into(),
                1,
                365,
            ),
            (
                "limits.max_event_future_minutes",
                self.max_event_future_minutes.into(),
                1,
                1440,
            ),
            (
                "limits.quarantine_payload_bytes",
                size(self.quarantine_payload_bytes),
                0,
                1 << 20,
            ),
            (
                "limits.segment_body_bytes",
                size(self.segment_body_bytes),
                1024,
                64 << 20,
            ),
            (
                "limits.segment_message_bytes",
                size(self.segment_message_bytes),
                1024,
                4 << 20,
            ),
            (
                "limits.segment_messages_per_batch",
                size(self.segment_messages_per_batch),
                1,
                10_000,
            ),
            (
                "limits.webhook_body_bytes",
                size(self.webhook_body_bytes),
                1024,
                64 << 20,
            ),
        ]
    }
}
