//! A segment: who sent a run of events, and how they got here.
//!
//! Events name their segment and are sent under its user and touch, however late. An `identify()` enriches the current segment, and with it
//! the events that still wait; `reset()`, another user and another arrival start a new one and leave the old as it is.
//!
//! Stored as lines, fields separated by tabs: `a` anonymous id, `u` user id, `d` digest, `f` and `l` first and last arrival, each followed by
//! its campaign labels (`m`) and click ids (`c`).

use firsthand_core::touchpoint::{CAMPAIGN_LABELS, FirstLast, Touch, click_id};
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::push_int;

/// User and touch that a run of events shares.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Segment {
    /// First-party id of the browser; empty until one is allowed and needed.
    pub(crate) anonymous_id: String,
    /// The shop's own id of the customer; empty when unknown.
    pub(crate) user_id: String,
    /// Digests of personal values.
    pub(crate) digests: Vec<(DigestKey, String)>,
    /// First and last arrival.
    pub(crate) touches: FirstLast,
}

impl Segment {
    /// Sets the digest of a kind; `None` removes it.
    pub(crate) fn set_digest(&mut self, key: DigestKey, digest: Option<String>) {
        self.digests.retain(|(known, _)| *known != key);
        if let Some(digest) = digest {
            self.digests.push((key, digest));
        }
    }

    /// Removes everything by which another company could match the person.
    pub(crate) fn remove_match_keys(&mut self) {
        self.digests.clear();
        for touch in [&mut self.touches.first, &mut self.touches.last]
            .into_iter()
            .flatten()
        {
            touch.click.clear();
        }
    }

    /// Returns the stored form.
    pub(crate) fn encode(&self) -> String {
        let mut out = String::with_capacity(256);
        line(&mut out, "a", &[&self.anonymous_id]);
        line(&mut out, "u", &[&self.user_id]);
        for (key, digest) in &self.digests {
            line(&mut out, "d", &[key.as_str(), digest]);
        }
        for (name, touch) in [("f", &self.touches.first), ("l", &self.touches.last)] {
            if let Some(touch) = touch {
                let mut at = String::new();
                push_int(&mut at, touch.at_ms);
                line(&mut out, name, &[&at, &touch.url, &touch.referrer]);
                for (kind, pairs) in [("m", &touch.utm), ("c", &touch.click)] {
                    for (label, value) in pairs {
                        line(&mut out, kind, &[label, value]);
                    }
                }
            }
        }
        out
    }

    /// Reads the stored form; what it does not know it leaves out.
    pub(crate) fn decode(text: &str) -> Self {
        let mut segment = Self::default();
        let mut is_first = false;
        for line in text.lines() {
            let mut fields = line.split('\t');
            let kind = fields.next().unwrap_or_default();
            let one = fields.next().unwrap_or_default();
            let two = fields.next().unwrap_or_default();
            let three = fields.next().unwrap_or_default();
            let touches = &mut segment.touches;
            match kind {
                "a" => one.clone_into(&mut segment.anonymous_id),
                "u" => one.clone_into(&mut segment.user_id),
                "d" => {
                    if let Some(key) = DigestKey::parse(one).filter(|_| two.len() == 64) {
                        segment.digests.push((key, two.to_owned()));
                    }
                }
                "f" | "l" => {
                    is_first = kind == "f";
                    let touch = Some(Touch {
                        at_ms: one.parse().unwrap_or_default(),
                        url: two.to_owned(),
                        referrer: three.to_owned(),
                        ..Touch::default()
                    });
                    if is_first {
                        touches.first = touch;
                    } else {
                        touches.last = touch;
                    }
                }
                "m" | "c" => {
                    let current = if is_first {
                        &mut touches.first
                    } else {
                        &mut touches.last
                    };
                    let Some(touch) = current else { continue };
                    if kind == "m" {
                        if let Some(label) = CAMPAIGN_LABELS.iter().find(|label| **label == one) {
                            touch.utm.push((label, two.to_owned()));
                        }
                    } else if let Some(click) = click_id(one) {
                        touch.click.push((click.name, two.to_owned()));
                    }
                }
                _ => {}
            }
        }
        segment
    }
}

/// Appends one line; control characters of the values become spaces.
fn line(out: &mut String, kind: &str, values: &[&str]) {
    out.push_str(kind);
    for value in values {
        out.push('\t');
        out.extend(value.chars().map(|c| if c < ' ' { ' ' } else { c }));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(at_ms: i64, source: &str) -> Touch {
        Touch {
            at_ms,
            url: "https://shop.example/".to_owned(),
            referrer: String::new(),
            utm: vec![("source", source.to_owned())],
            click: vec![("gclid", "Cj0KCQ".to_owned())],
        }
    }

    #[test]
    fn a_stored_segment_reads_back_as_it_was() {
        let segment = Segment {
            anonymous_id: "0199d2a4".to_owned(),
            user_id: "c-7".to_owned(),
            digests: vec![(DigestKey::Email, "a".repeat(64))],
            touches: FirstLast {
                first: Some(touch(1, "news")),
                last: Some(touch(2, "ads")),
            },
        };
        assert_eq!(Segment::decode(&segment.encode()), segment);
        assert_eq!(Segment::decode(""), Segment::default());
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        let mut segment = Segment {
            user_id: "c\nd\tem\tx".to_owned(),
            ..Segment::default()
        };
        let read = Segment::decode(&segment.encode());
        assert_eq!((read.user_id.as_str(), read.digests.len()), ("c d em x", 0));
        segment.touches.first = Some(touch(1, "a\u{1}b"));
        segment.remove_match_keys();
        assert!(!segment.encode().contains("Cj0KCQ"));
    }
}
