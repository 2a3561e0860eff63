//! Reads what a sender says about consent. Whatever cannot be read says no.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Text, Unread, text};
use crate::consent::{AgeBand, Choice, Framework, Purpose, Regime, Source};
use crate::wire::ConsentEvidence;

object!(ConsentEvidence, |evidence, key, map| {
    if let Some(purpose) = Purpose::parse(&key) {
        // Whatever is neither true nor false is unset: unreadable consent is a no.
        let answer = map.next_value::<Answer>()?.0;
        if let Some(slot) = choice_of(&mut evidence).answers.get_mut(purpose as usize) {
            *slot = answer;
        }
    } else {
        match key.as_ref() {
            "regime" => {
                evidence.regime = text(&mut map)?
                    .and_then(|name| Regime::parse(&name))
                    .unwrap_or_default();
            }
            "gpc" => evidence.gpc = map.next_value::<Answer>()?.0 == Some(true),
            "gpc_required" => {
                evidence.is_gpc_required = map.next_value::<Answer>()?.0 == Some(true);
            }
            "age_band" => {
                // An age that cannot be read was meant to protect somebody.
                let raw = map.next_value::<Unread<'de>>()?.0;
                evidence.age = match raw.trim_matches('"') {
                    "null" => AgeBand::default(),
                    name => AgeBand::parse(name),
                };
            }
            "framework" => {
                evidence.framework = framework_of(map.next_value::<Unread<'de>>()?.0);
            }
            "basis" => evidence.basis = text(&mut map)?,
            "policy" => {
                if let Some(policy) = map.next_value::<Option<u32>>()? {
                    choice_of(&mut evidence).policy_version = policy;
                }
            }
            "at" => {
                if let Some(at) = map.next_value::<Option<i64>>()? {
                    choice_of(&mut evidence).at_ms = at;
                }
            }
            "after_gpc_notice" => {
                if map.next_value::<Answer>()?.0 == Some(true) {
                    choice_of(&mut evidence).after_gpc_notice = true;
                }
            }
            _ => {
                map.next_value::<Unread<'de>>()?;
            }
        }
    }
});

fn choice_of<'e>(evidence: &'e mut ConsentEvidence<'_>) -> &'e mut Choice {
    evidence.choice.get_or_insert_with(Choice::default)
}

/// Reads what a framework said; one that cannot be read says no to everything.
fn framework_of(raw: &str) -> Option<Framework> {
    #[derive(Default, serde::Deserialize)]
    struct Members<'a> {
        #[serde(borrow, default)]
        basis: Option<Text<'a>>,
        #[serde(default)]
        policy: Option<u32>,
        #[serde(default)]
        at: Option<i64>,
        #[serde(default)]
        marketing: Answer,
        #[serde(default)]
        analytics: Answer,
        #[serde(default)]
        personalization: Answer,
        #[serde(default)]
        third_party_sharing: Answer,
    }
    if raw == "null" {
        return None;
    }
    let read = serde_json::from_str::<Members<'_>>(raw).unwrap_or(Members {
        marketing: Answer(Some(false)),
        analytics: Answer(Some(false)),
        personalization: Answer(Some(false)),
        third_party_sharing: Answer(Some(false)),
        ..Members::default()
    });
    Some(Framework {
        answers: [
            read.marketing.0,
            read.analytics.0,
            read.personalization.0,
            read.third_party_sharing.0,
        ],
        source: read
            .basis
            .map_or(Source::Cmp, |name| Source::parse(&name.0)),
        policy_version: read.policy.unwrap_or_default(),
        at_ms: read.at.unwrap_or_default(),
    })
}

/// `true`, `false`, or anything else as unset.
#[derive(Default)]
struct Answer(Option<bool>);

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(match raw.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }))
    }
}
