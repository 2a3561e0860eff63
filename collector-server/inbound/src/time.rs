//! Times as others write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Returns epoch milliseconds of an ISO 8601 time; one without an offset is UTC.
pub(crate) fn epoch_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let with_offset = text.parse::<Timestamp>().ok();
    let time = with_offset.or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Offset::UTC.to_timestamp(local).ok()
    })?;
    Some(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clients_and_shops_write_them() {
        for (text, want) in [
            ("2026-11-25T22:00:00.000Z", Some(1_795_644_000_000)),
            ("2026-11-25T22:00:00.123456+00:00", Some(1_795_644_000_123)),
            ("2026-11-25T17:00:00-05:00", Some(1_795_644_000_000)),
            ("2026-11-25T22:00:00", Some(1_795_644_000_000)),
            ("25.11.2026", None),
            ("1795644000", None),
            ("", None),
        ] {
            assert_eq!(epoch_ms(text), want, "{text}");
        }
    }
}
