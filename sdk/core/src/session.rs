//! Sessions: a visit ends after a time without activity, and (unless switched off) when the visitor
//! comes back by another campaign.
//!
//! GA4 ends a session after 30 minutes and never splits it on a campaign; attribution tools want the
//! split, so it is on by default and can be switched off. A session is named by its start.

/// How long a session outlives the last activity unless configured otherwise, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: i64 = 30 * 60 * 1000;

/// One visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When it began, in epoch milliseconds: also its id.
    pub started_ms: i64,
    /// When something last happened in it, in epoch milliseconds.
    pub last_ms: i64,
    /// The visitor's how-manieth session this is, from 1.
    pub number: u32,
}

impl Session {
    /// Returns the session after an activity at `now_ms`, and whether it is a new one.
    ///
    /// `new_campaign` tells that the activity is an arrival by another campaign and that the shop
    /// wants sessions split there. A clock that was set back before the session's last activity by
    /// more than the timeout starts a new one as well.
    pub fn touch(
        previous: Option<Self>,
        now_ms: i64,
        timeout_ms: i64,
        new_campaign: bool,
    ) -> (Self, bool) {
        if let Some(session) = previous
            && !new_campaign
            && now_ms.saturating_sub(session.last_ms).saturating_abs() <= timeout_ms
        {
            let last_ms = session.last_ms.max(now_ms);
            return (Self { last_ms, ..session }, false);
        }
        let number = previous.map_or(1, |s| s.number.saturating_add(1));
        let session = Self {
            started_ms: now_ms,
            last_ms: now_ms,
            number,
        };
        (session, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_795_471_200_000;

    #[test]
    fn a_session_ends_by_time_or_campaign() {
        let (first, is_new) = Session::touch(None, T, DEFAULT_TIMEOUT_MS, false);
        assert!(is_new && first.number == 1);
        for (later_ms, campaign, want_new) in [
            (1_000, false, false),
            (DEFAULT_TIMEOUT_MS, false, false),
            (DEFAULT_TIMEOUT_MS + 1, false, true),
            (1_000, true, true),
            (-60_000, false, false),
            (-DEFAULT_TIMEOUT_MS - 1, false, true),
        ] {
            let (next, is_new) =
                Session::touch(Some(first), T + later_ms, DEFAULT_TIMEOUT_MS, campaign);
            assert_eq!(is_new, want_new, "{later_ms} {campaign}");
            assert_eq!(next.number, if want_new { 2 } else { 1 });
        }
    }
}
