//! Why an SDK dropped events: the words of `context.dropped` and of the collector's metric, in one place.

/// The name is none: a letter, then letters, digits, underscores and spaces, 40 characters at most.
pub const INVALID_NAME: &str = "invalid_name";
/// The properties could not be written as JSON, are no object, or are too large.
pub const INVALID_PROPS: &str = "invalid_props";
/// The visitor said no.
pub const CONSENT_DENIED: &str = "consent_denied";
/// The visitor has not chosen, and too many events wait for it.
pub const HELD_FULL: &str = "held_full";
/// More calls came before the core was there than the stub remembers. Counted by the surface (`npm/src/client.ts`).
pub const STUB_FULL: &str = "stub_full";
/// Too many events, or too many bytes, wait to be sent.
pub const QUEUE_FULL: &str = "queue_full";
/// It waited longer than it may.
pub const TOO_OLD: &str = "too_old";
/// A single event that the collector cannot read.
pub const REFUSED_400: &str = "refused_400";
/// A single event that is larger than the collector takes.
pub const TOO_LARGE: &str = "too_large";

/// All of them. A reason that is not here comes from another version of the SDK.
pub const ALL: [&str; 9] = [
    INVALID_NAME,
    INVALID_PROPS,
    CONSENT_DENIED,
    HELD_FULL,
    STUB_FULL,
    QUEUE_FULL,
    TOO_OLD,
    REFUSED_400,
    TOO_LARGE,
];
