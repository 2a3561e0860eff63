//! The visitor's choice as others pass it on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use firsthand_core::consent::{Choice, PURPOSES, Purpose, Regime};
use firsthand_core::wire::ConsentEvidence;

use crate::json::Members;

/// What a message that says nothing of consent stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Absent {
    /// A no, wherever the visitor is.
    #[default]
    No,
    /// What the law of the visitor's region says of an absent choice.
    Regime,
}

impl Absent {
    /// Returns the evidence of a message that holds none. The door takes the stricter of this regime and its own.
    pub fn evidence(self) -> ConsentEvidence<'static> {
        ConsentEvidence {
            regime: match self {
                Self::No => Regime::OptIn,
                Self::Regime => Regime::None,
            },
            ..ConsentEvidence::default()
        }
    }
}

/// Reads evidence that the storefront left with an order: `consent` of `docs/wire.md`, or what `firsthand.consent.get()` returns in the page,
/// where the answers stand in `choice`. What is there but cannot be read is no choice and never the law's yes.
pub(crate) fn from_text(text: &str) -> ConsentEvidence<'static> {
    let Ok(read) = serde_json::from_str::<ConsentEvidence<'_>>(text) else {
        return Absent::No.evidence();
    };
    let mut choice = read.choice;
    if let Ok(members) = serde_json::from_str::<Members<'_>>(text) {
        if let Some(answers) = answers_of(&members, "choice") {
            let choice = choice.get_or_insert_with(Choice::default);
            choice.answers = answers;
            choice.after_gpc_notice |= members.get("afterGpcNotice") == Some("true");
        }
        // What was not allowed then, whoever said no, is not allowed by what only the visitor's own answers show.
        for (index, allowed) in answers_of(&members, "allow")
            .into_iter()
            .flatten()
            .enumerate()
        {
            if allowed == Some(false)
                && let Some(slot) = choice
                    .get_or_insert_with(Choice::default)
                    .answers
                    .get_mut(index)
            {
                *slot = Some(false);
            }
        }
    }
    ConsentEvidence {
        regime: read.regime,
        choice,
        basis: read.basis.map(|basis| Cow::Owned(basis.into_owned())),
        framework: read.framework,
        age: read.age,
        gpc: read.gpc,
        is_gpc_required: read.is_gpc_required,
    }
}

/// Returns the answers by purpose that stand in a member.
fn answers_of(members: &Members<'_>, name: &str) -> Option<[Option<bool>; PURPOSES]> {
    let read: ConsentEvidence<'_> = serde_json::from_str(members.get(name)?).ok()?;
    Some(read.choice?.answers)
}

/// Which purposes a category of a consent manager stands for.
pub type Categories = BTreeMap<String, Vec<Purpose>>;

/// Gathers a consent manager's answers by category. A purpose of several categories is allowed only if all allow it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    answers: [Option<bool>; PURPOSES],
}

impl Answers {
    pub(crate) fn add(&mut self, categories: &Categories, category: &str, answer: bool) {
        for purpose in categories.get(category).into_iter().flatten() {
            if let Some(slot) = self.answers.get_mut(*purpose as usize) {
                *slot = Some(answer && slot.unwrap_or(true));
            }
        }
    }

    /// Adds `{"Advertising": true, …}`. Whatever is not `true` is a no.
    pub(crate) fn add_preferences(&mut self, categories: &Categories, preferences: &Members<'_>) {
        for (category, raw) in &preferences.0 {
            self.add(categories, category, *raw == "true");
        }
    }

    /// Returns the choice, if any known category was answered.
    pub(crate) fn choice(&self, policy_version: u32, at_ms: i64) -> Option<Choice> {
        self.answers.iter().any(Option::is_some).then_some(Choice {
            answers: self.answers,
            policy_version,
            at_ms,
            after_gpc_notice: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_of_two_categories_needs_both() {
        let categories = Categories::from([
            (
                "Ads".to_owned(),
                vec![Purpose::Marketing, Purpose::ThirdPartySharing],
            ),
            ("Sale".to_owned(), vec![Purpose::ThirdPartySharing]),
        ]);
        let mut answers = Answers::default();
        for (category, answer) in [("Ads", true), ("Sale", false), ("Other", true)] {
            answers.add(&categories, category, answer);
        }
        let choice = answers.choice(3, 7).unwrap();
        assert_eq!(choice.answer(Purpose::Marketing), Some(true));
        assert_eq!(choice.answer(Purpose::ThirdPartySharing), Some(false));
        assert_eq!(choice.answer(Purpose::Analytics), None);
        assert_eq!((choice.policy_version, choice.at_ms), (3, 7));
        assert_eq!(Answers::default().choice(1, 1), None);
    }

    #[test]
    fn evidence_that_cannot_be_read_is_never_a_yes() {
        for text in ["", "yes", "[]", "{\"marketing\":", "\"granted\""] {
            assert_eq!(from_text(text), Absent::No.evidence(), "{text}");
        }
    }

    #[test]
    fn evidence_is_read_as_the_wire_and_as_the_page_write_it() {
        for text in [
            r#"{"regime":"opt_out","policy":2,"at":5,"basis":"explicit","analytics":true,"marketing":false}"#,
            r#"{"regime":"opt_out","policy":2,"at":5,"basis":"explicit","afterGpcNotice":false,"allow":{"marketing":true},
                "choice":{"analytics":true,"marketing":false,"personalization":null}}"#,
        ] {
            let read = from_text(text);
            assert_eq!(
                (read.regime, read.basis.as_deref()),
                (Regime::OptOut, Some("explicit"))
            );
            let choice = read.choice.unwrap();
            assert_eq!((choice.policy_version, choice.at_ms), (2, 5));
            assert_eq!(choice.answer(Purpose::Analytics), Some(true));
            assert_eq!(choice.answer(Purpose::Marketing), Some(false));
            assert_eq!(choice.answer(Purpose::Personalization), None);
        }
    }
}
