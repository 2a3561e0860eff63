//! Event names: canonical (GA4) to each platform's own.
//!
//! Names are part of the platforms' de-duplication keys and case-sensitive: they must equal what the
//! page's own pixel sends. An operator's `rename` table comes before this one.
//!
//! Each platform's own table is in its file under `destinations`, and on its page of the documentation.

use std::borrow::Cow;

use firsthand_core::catalogue::is_profile_call;

use super::config::{Common, CustomEvents};

/// What one platform calls the events.
#[derive(Debug, Clone, Copy)]
pub struct EventNames {
    /// Canonical name, the platform's name.
    pub table: &'static [(&'static str, &'static str)],
    /// What happens to names that are not in the table.
    pub others: Others,
}

/// What happens to an event for which a platform has no standard name.
#[derive(Debug, Clone, Copy)]
pub enum Others {
    /// The platform takes names of the shop's own: sent if `custom_events = "send"`. A refund is not: a
    /// platform that has no name for it would count it as if it were a sale.
    Own,
    /// The platform has one name for all of them, and is told the shop's own beside it: sent if
    /// `custom_events = "send"`, a refund is not.
    As(&'static str),
    /// The platform takes the names of its list only.
    None,
    /// The platform's names are the canonical ones, but for those it keeps to itself.
    Canonical {
        /// An event of such a name would be dropped silently.
        reserved: &'static [&'static str],
    },
}

/// Why an event is not meant for a destination. The words go into the record of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Stable label for metrics.
    pub code: &'static str,
    /// The reason in words.
    pub reason: String,
}

impl Skip {
    /// Makes a reason.
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

impl EventNames {
    /// Returns the platform's name of a canonical event, or why the destination does not get it.
    pub fn of<'n>(&self, common: &'n Common, canonical: &'n str) -> Result<Cow<'n, str>, Skip> {
        if common
            .events
            .as_ref()
            .is_some_and(|only| !only.contains(canonical))
        {
            return Err(Skip::new(
                "not_selected",
                format!("{canonical} is not among this destination's events"),
            ));
        }
        if let Some(own) = common.rename.get(canonical) {
            return Ok(Cow::Borrowed(own));
        }
        if let Some(standard) = self.standard(canonical) {
            return Ok(Cow::Borrowed(standard));
        }
        if is_profile_call(canonical) {
            return Err(Skip::new(
                "no_such_event",
                format!("{canonical} tells of a person and of nothing that happened"),
            ));
        }
        let is_wanted = common.custom_events == CustomEvents::Send && canonical != "refund";
        match self.others {
            Others::Canonical { reserved } if reserved.contains(&canonical) => Err(Skip::new(
                "no_such_event",
                format!("{canonical} is a name that the platform reserves"),
            )),
            Others::Canonical { .. } => Ok(Cow::Borrowed(canonical)),
            Others::Own if is_wanted => Ok(Cow::Borrowed(canonical)),
            Others::As(name) if is_wanted => Ok(Cow::Borrowed(name)),
            Others::Own | Others::As(_) | Others::None => Err(Skip::new(
                "no_such_event",
                format!("the platform has no standard event for {canonical}"),
            )),
        }
    }

    /// Returns the platform's standard name of a canonical event.
    pub fn standard(&self, canonical: &str) -> Option<&'static str> {
        self.table
            .iter()
            .find(|(name, _)| *name == canonical)
            .map(|(_, own)| *own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::destinations::PLATFORMS;
    use firsthand_core::catalogue;

    fn names(others: Others) -> EventNames {
        EventNames {
            table: &[("purchase", "Purchase"), ("page_view", "PageView")],
            others,
        }
    }

    fn common(toml: &str) -> Common {
        toml::from_str(&format!("name = \"x\"\n{toml}")).unwrap()
    }

    fn code_of(result: Result<Cow<'_, str>, Skip>) -> String {
        result.map_or_else(|skip| skip.code.to_owned(), Cow::into_owned)
    }

    #[test]
    fn what_a_platform_does_not_know_is_skipped_or_sent_as_configured() {
        let skip = common("");
        let send = common("custom_events = \"send\"");
        let no = "no_such_event";
        let reserved: &'static [&'static str] = &["session_start"];
        for (others, name, when_skip, when_send) in [
            (Others::Own, "purchase", "Purchase", "Purchase"),
            (Others::Own, "quiz", no, "quiz"),
            // A refund is no sale: sent only under a name that the operator gave it.
            (Others::Own, "refund", no, no),
            (Others::As("CUSTOM"), "quiz", no, "CUSTOM"),
            (Others::As("CUSTOM"), "refund", no, no),
            (Others::None, "quiz", no, no),
            (Others::Canonical { reserved }, "refund", "refund", "refund"),
            (Others::Canonical { reserved }, "session_start", no, no),
            // A call about a person is no event of a platform.
            (Others::Own, "identify", no, no),
            (Others::As("CUSTOM"), "group", no, no),
            (Others::Canonical { reserved }, "alias", no, no),
        ] {
            let names = names(others);
            assert_eq!(code_of(names.of(&skip, name)), when_skip, "{name}");
            assert_eq!(code_of(names.of(&send, name)), when_send, "{name}");
        }
    }

    #[test]
    fn the_operators_list_and_names_come_first() {
        let own = common(
            "events = [\"purchase\", \"refund\"]\nrename = { purchase = \"CompletePayment\", refund = \"Refunded\" }",
        );
        let names = names(Others::None);
        assert_eq!(code_of(names.of(&own, "purchase")), "CompletePayment");
        assert_eq!(code_of(names.of(&own, "refund")), "Refunded");
        assert_eq!(code_of(names.of(&own, "add_to_cart")), "not_selected");
    }

    #[test]
    fn every_platforms_table_has_canonical_names_once() {
        for platform in PLATFORMS {
            let mut seen = std::collections::BTreeSet::new();
            for (canonical, own) in platform.names.table {
                assert_eq!(
                    catalogue::canonical(canonical),
                    *canonical,
                    "{}",
                    platform.kind
                );
                assert!(
                    seen.insert(canonical),
                    "{}: {canonical} twice",
                    platform.kind
                );
                assert!(!own.is_empty());
            }
        }
    }

    /// The names are part of the platforms' de-duplication: an operator must find them where they are
    /// promised.
    #[test]
    fn every_platforms_page_shows_its_table_and_no_other() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/destinations");
        for platform in PLATFORMS {
            let path = docs.join(format!("{}.md", platform.kind));
            let page = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let shown: Vec<(&str, &str)> = page
                .lines()
                .skip_while(|line| *line != "## Event names")
                .skip(1)
                .take_while(|line| !line.starts_with("## "))
                .filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |"))
                .filter_map(|row| row.split_once("` | `"))
                .collect();
            assert_eq!(shown, platform.names.table, "{}", path.display());
        }
    }
}
