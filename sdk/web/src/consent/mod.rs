//! The visitor's choice: kept, decided by the core's rules, shown to the page and to the collector.

use firsthand_core::consent::{Choice, PURPOSES, Purpose, Situation, Verdict, decide};
use firsthand_core::text::{cut, parse_int};
use firsthand_core::wire::json::{Object, push_int};

use crate::config::Config;
use crate::host;
use crate::storage;

/// The choice that is known, and what it allows.
#[derive(Default)]
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
        let mut consent = Self::default();
        // What cannot be read is no choice.
        if consent.decode(&host::ls_get(storage::CHOICE)).is_none() {
            consent.choice = None;
        }
        consent.refresh(config, now_ms);
        consent
    }

    /// Decides again: time passed, or the signal changed.
    #[inline(never)]
    pub(crate) fn refresh(&mut self, config: &Config, now_ms: i64) {
        let has_consented_since = self.choice.is_some_and(|choice| choice.after_gpc_notice);
        self.gpc = host::gpc() || (self.had_gpc && !has_consented_since);
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
        let choice = self.choice.get_or_insert_default();
        choice.policy_version = config.policy.version;
        choice.at_ms = now_ms;
        choice.after_gpc_notice = after_gpc_notice;
        read_answers(choice, answers);
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
        let is_refused = |purpose| self.answer(purpose) == Some(false);
        !self.verdict.allows_events()
            && self.verdict.prompt
            && !(is_refused(Purpose::Analytics) && is_refused(Purpose::Marketing))
    }

    fn answer(&self, purpose: Purpose) -> Option<bool> {
        self.choice
            .as_ref()
            .and_then(|choice| choice.answer(purpose))
    }

    /// Writes the evidence for the collector; a choice only where there is one.
    #[inline(never)]
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

    /// Returns the state for the page: evidence, policy version, flags ([`crate::step::CONSENT`]).
    pub(crate) fn view(&self, config: &Config) -> String {
        let mut out = String::new();
        self.write_evidence(&mut out, config);
        out.push('\n');
        push_int(&mut out, i64::from(config.policy.version));
        out.push('\n');
        let verdict = &self.verdict;
        for allowed in verdict.allow {
            out.push(flag(allowed));
        }
        out.push(flag(verdict.prompt));
        out.push(flag(verdict.show_opt_out_honoured));
        out
    }

    /// `1 <policy> <time> <answers> <after notice> <signal> <basis>`.
    fn encode(&self) -> String {
        let mut out = String::from("1 ");
        if let Some(choice) = &self.choice {
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
        }
        out
    }

    fn decode(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        let mut field = || {
            let (field, tail) = cut(rest, b' ')?;
            rest = tail;
            Some(field)
        };
        if field()? != "1" {
            return None;
        }
        let choice = self.choice.get_or_insert_default();
        choice.policy_version = u32::try_from(parse_int(field()?)?).ok()?;
        choice.at_ms = parse_int(field()?)?;
        read_answers(choice, field()?);
        choice.after_gpc_notice = field()? == "1";
        self.had_gpc = field()? == "1";
        rest.clone_into(&mut self.basis);
        Some(())
    }
}

/// Takes over the answers that were given: `1` and `0`.
#[inline(never)]
fn read_answers(choice: &mut Choice, answers: &str) {
    let slots: &mut [Option<bool>; PURPOSES] = &mut choice.answers;
    for (slot, said) in slots.iter_mut().zip(answers.bytes()) {
        if said != b'-' {
            *slot = Some(said == b'1');
        }
    }
}

fn flag(fact: bool) -> char {
    if fact { '1' } else { '0' }
}
