//! The visitor's choice: kept, decided by the core's rules, shown to the page and to the collector.

use firsthand_core::consent::{Choice, PURPOSES, Purpose, Situation, Verdict, decide};
use firsthand_core::wire::json::{Object, push_int};

use crate::config::Config;
use crate::host;
use crate::storage;

/// The choice that is known, and what it allows.
#[derive(Debug, Default)]
pub(crate) struct Consent {
    choice: Option<Choice>,
    basis: String,
    /// The signal was on when the choice was made: it outlives its disappearance until a choice after the notice.
    had_gpc: bool,
    gpc: bool,
    verdict: Verdict,
}

impl Consent {
    /// Reads the stored choice and the browser's signal, and decides.
    pub(crate) fn load(config: &Config, now_ms: i64) -> Self {
        let mut consent = host::ls_get(storage::CHOICE)
            .and_then(|text| Self::decode(&text))
            .unwrap_or_default();
        consent.refresh(config, now_ms);
        consent
    }

    /// Decides again: time passed, or the signal changed.
    pub(crate) fn refresh(&mut self, config: &Config, now_ms: i64) {
        let is_signalled = host::gpc();
        let has_consented_since = self.choice.is_some_and(|choice| choice.after_gpc_notice);
        self.gpc = is_signalled || (self.had_gpc && !has_consented_since);
        let situation = Situation {
            regime: config.regime,
            gpc: self.gpc,
            choice: self.choice,
            ..Situation::default()
        };
        self.verdict = decide(&config.policy, &situation, now_ms);
    }

    /// Takes a choice and stores it. `answers` holds `1`, `0` or `-` (as before) per purpose, in wire order.
    pub(crate) fn set(
        &mut self,
        config: &Config,
        answers: &str,
        basis: &str,
        after_gpc_notice: bool,
        now_ms: i64,
    ) {
        let before = self
            .choice
            .map_or([None; PURPOSES], |choice| choice.answers);
        let mut choice = Choice {
            answers: before,
            policy_version: config.policy.version,
            at_ms: now_ms,
            after_gpc_notice,
        };
        for (slot, answer) in choice.answers.iter_mut().zip(answers.bytes()) {
            if let Some(said) = answer_of(answer) {
                *slot = Some(said);
            }
        }
        self.choice = Some(choice);
        basis.clone_into(&mut self.basis);
        self.had_gpc = self.gpc;
        host::ls_set(storage::CHOICE, &self.encode());
        self.refresh(config, now_ms);
    }

    /// Returns what is allowed.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether an answer that would let events leave is still awaited.
    pub(crate) fn is_pending(&self) -> bool {
        let is_refused = |purpose| {
            self.choice
                .as_ref()
                .and_then(|choice| choice.answer(purpose))
                == Some(false)
        };
        !self.verdict.allows_events()
            && self.verdict.prompt
            && !(is_refused(Purpose::Analytics) && is_refused(Purpose::Marketing))
    }

    /// Writes the evidence for the collector; a choice only where there is one.
    pub(crate) fn write_evidence(&self, out: &mut String, config: &Config) {
        let mut object = Object::begin(out);
        object.text("regime", config.regime.as_str());
        object.bool_opt("gpc", Some(self.gpc));
        if let Some(choice) = &self.choice {
            object.text("basis", &self.basis);
            object.int("policy", i64::from(choice.policy_version));
            object.int("at", choice.at_ms);
            object.bool_opt("after_gpc_notice", Some(choice.after_gpc_notice));
            for purpose in Purpose::ALL {
                object.bool_opt(purpose.as_str(), choice.answer(purpose));
            }
        }
        object.end();
    }

    /// Returns the state for the page, as JSON.
    pub(crate) fn view(&self, config: &Config) -> String {
        let mut out = String::with_capacity(400);
        let mut object = Object::begin(&mut out);
        object.text("regime", config.regime.as_str());
        object.int("policy", i64::from(config.policy.version));
        object.bool_opt("gpc", Some(self.gpc));
        if let Some(choice) = &self.choice {
            object.text("basis", &self.basis);
            object.int("at", choice.at_ms);
        } else {
            object.bool_opt("basis", None);
            object.bool_opt("at", None);
        }
        let is_after_notice = self.choice.is_some_and(|choice| choice.after_gpc_notice);
        object.bool_opt("afterGpcNotice", Some(is_after_notice));
        let mut answers = Object::begin(object.key("choice"));
        for purpose in Purpose::ALL {
            let answer = self
                .choice
                .as_ref()
                .and_then(|choice| choice.answer(purpose));
            answers.bool_opt(purpose.as_str(), answer);
        }
        answers.end();
        let mut allow = Object::begin(object.key("allow"));
        for purpose in Purpose::ALL {
            allow.bool_opt(purpose.as_str(), Some(self.verdict.allows(purpose)));
        }
        allow.end();
        object.bool_opt("prompt", Some(self.verdict.prompt));
        object.bool_opt(
            "showOptOutHonoured",
            Some(self.verdict.show_opt_out_honoured),
        );
        object.end();
        out
    }

    /// `1 <policy> <time> <answers> <after notice> <signal> <basis>`.
    fn encode(&self) -> String {
        let mut out = String::with_capacity(48);
        let Some(choice) = &self.choice else {
            return out;
        };
        out.push_str("1 ");
        push_int(&mut out, i64::from(choice.policy_version));
        out.push(' ');
        push_int(&mut out, choice.at_ms);
        out.push(' ');
        for answer in choice.answers {
            out.push(answer.map_or('-', flag));
        }
        for fact in [choice.after_gpc_notice, self.had_gpc] {
            out.push(' ');
            out.push(flag(fact));
        }
        out.push(' ');
        out.push_str(&self.basis);
        out
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.splitn(7, ' ');
        if parts.next() != Some("1") {
            return None;
        }
        let policy_version = parts.next()?.parse().ok()?;
        let at_ms = parts.next()?.parse().ok()?;
        let mut answers = [None; PURPOSES];
        for (slot, answer) in answers.iter_mut().zip(parts.next()?.bytes()) {
            *slot = answer_of(answer);
        }
        let after_gpc_notice = parts.next()? == "1";
        let had_gpc = parts.next()? == "1";
        Some(Self {
            choice: Some(Choice {
                answers,
                policy_version,
                at_ms,
                after_gpc_notice,
            }),
            basis: parts.next()?.to_owned(),
            had_gpc,
            ..Self::default()
        })
    }
}

fn answer_of(byte: u8) -> Option<bool> {
    match byte {
        b'1' => Some(true),
        b'0' => Some(false),
        _ => None,
    }
}

fn flag(fact: bool) -> char {
    if fact { '1' } else { '0' }
}
