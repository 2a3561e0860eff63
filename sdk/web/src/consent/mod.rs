//! The visitor's choice: kept, decided by the core's rules, shown to the page and to the collector.

use firsthand_core::consent::{
    AgeBand, Answers, Basis, Choice, Framework, Purpose, Regime, Situation, Source, Verdict, decide,
};
use firsthand_core::text::{cut, parse_int};
use firsthand_core::wire::json::{Object, push_int};
use firsthand_core::wire::push_answers;

use crate::config::Config;
use crate::host;
use crate::storage;

/// What is known of the visitor's will, and what it allows.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each of its own source"
)]
pub(crate) struct Consent {
    /// The stored text that the choice was read from.
    stored: String,
    /// Something is stored that is no choice: the strictest rule holds until the visitor chooses.
    is_unreadable: bool,
    choice: Option<Choice>,
    basis: String,
    /// The signal was on when the choice was made: it outlives its disappearance until a choice after the notice.
    had_gpc: bool,
    gpc: bool,
    framework: Option<Framework>,
    /// The framework's name as the surface tells it: the collector knows which there are.
    source: String,
    is_awaiting: bool,
    verdict: Verdict,
}

impl Consent {
    /// Knows nothing yet; a framework is awaited where the shop has named one.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            is_awaiting: config.has_signals,
            ..Self::default()
        }
    }

    /// Decides again: time passed, another tab or a hand changed what is stored, or the signal changed.
    #[inline(never)]
    pub(crate) fn refresh(&mut self, config: &Config, now_ms: i64) {
        if host::is_choice_new() {
            let text = host::ls_get(storage::CHOICE);
            if text != self.stored {
                self.is_unreadable = self.decode(&text).is_none() && !text.is_empty();
                self.stored = text;
            }
        }
        let has_consented_since = self.choice.is_some_and(|choice| choice.after_gpc_notice);
        self.gpc = host::gpc() || (self.had_gpc && !has_consented_since);
        let situation = Situation {
            regime: self.regime(config),
            gpc: self.gpc,
            is_gpc_required: config.is_gpc_required,
            choice: self.choice,
            framework: self.framework,
            age: config.age,
        };
        self.verdict = if self.is_awaiting {
            Verdict::default()
        } else {
            decide(&config.policy, &situation, now_ms)
        };
    }

    fn regime(&self, config: &Config) -> Regime {
        if self.is_unreadable {
            Regime::OptIn
        } else {
            config.regime
        }
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
        read_answers(&mut choice.answers, answers);
        basis.clone_into(&mut self.basis);
        self.had_gpc = self.gpc;
        self.is_unreadable = false;
        self.stored = self.encode();
        self.store();
    }

    /// Writes the choice.
    pub(crate) fn store(&self) {
        if !self.stored.is_empty() {
            host::ls_set(storage::CHOICE, &self.stored);
        }
    }

    /// Takes what a framework says. What it said before stays as old as it is.
    pub(crate) fn hear(
        &mut self,
        config: &Config,
        answers: &str,
        source: &str,
        is_awaiting: bool,
        now_ms: i64,
    ) {
        self.is_awaiting = is_awaiting;
        let mut framework = Framework {
            answers: Answers::default(),
            source: Source::Cmp,
            policy_version: config.policy.version,
            at_ms: now_ms,
        };
        read_answers(&mut framework.answers, answers);
        if let Some(known) = &self.framework
            && known.answers == framework.answers
            && self.source == source
        {
            return;
        }
        self.framework = (framework.answers != Answers::default()).then_some(framework);
        source.clone_into(&mut self.source);
    }

    /// Returns what a framework said as one text; empty for nothing.
    pub(crate) fn heard(&self) -> String {
        let mut out = String::new();
        if let Some(framework) = &self.framework {
            push_marks(&mut out, framework.answers);
            out.push_str(&self.source);
        }
        out
    }

    /// Returns what is allowed.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether an answer that would let events leave is still awaited.
    pub(crate) fn is_pending(&self) -> bool {
        let verdict = &self.verdict;
        let is_open = |purpose| !verdict.allows(purpose) && !verdict.is_settled(purpose);
        self.is_awaiting
            || (verdict.prompt
                && !verdict.allows_events()
                && (is_open(Purpose::Analytics) || is_open(Purpose::Marketing)))
    }

    /// Whether an answer is awaited, ours or a framework's.
    pub(crate) fn is_asking(&self) -> bool {
        self.is_awaiting || self.verdict.prompt
    }

    /// Whether the answer of a framework is awaited.
    pub(crate) fn is_awaiting(&self) -> bool {
        self.is_awaiting
    }

    /// Writes the evidence for the collector; a choice only where there is one.
    #[inline(never)]
    pub(crate) fn write_evidence(&self, out: &mut String, config: &Config) {
        let mut object = Object::begin(out);
        object.text("regime", self.regime(config).as_str());
        object.bool_opt("gpc", Some(self.gpc));
        if config.age != AgeBand::Adult {
            object.text("age_band", config.age.as_str());
        }
        if let Some(framework) = &self.framework {
            let mut object = Object::begin(object.key("framework"));
            object.text("basis", &self.source);
            object.int("policy", i64::from(framework.policy_version));
            object.int("at", framework.at_ms);
            push_answers(&mut object, &framework.answers);
            object.end();
        }
        if let Some(choice) = &self.choice {
            object.text("basis", &self.basis);
            object.int("policy", i64::from(choice.policy_version));
            object.int("at", choice.at_ms);
            object.bool_opt("after_gpc_notice", Some(choice.after_gpc_notice));
            push_answers(&mut object, &choice.answers);
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
        out.push(flag(self.is_awaiting));
        for basis in verdict.basis {
            out.push(match basis {
                Basis::Explicit => 'e',
                Basis::Gpc => 'g',
                Basis::Framework(_) => 'f',
                Basis::Age => 'a',
                Basis::Regime => 'r',
            });
        }
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
            push_marks(&mut out, choice.answers);
            for fact in [choice.after_gpc_notice, self.had_gpc] {
                out.push(' ');
                out.push(flag(fact));
            }
            out.push(' ');
            out.push_str(&self.basis);
        }
        out
    }

    /// Reads [`Self::encode`]'s form. What is not of it is no choice.
    fn decode(&mut self, text: &str) -> Option<()> {
        self.choice = None;
        self.had_gpc = false;
        let mut rest = text;
        let mut field = || {
            let (field, tail) = cut(rest, b' ')?;
            rest = tail;
            Some(field)
        };
        if field()? != "1" {
            return None;
        }
        let mut choice = Choice {
            policy_version: u32::try_from(parse_int(field()?)?).ok()?,
            at_ms: parse_int(field()?)?,
            ..Choice::default()
        };
        read_answers(&mut choice.answers, field()?)?;
        choice.after_gpc_notice = read_flag(field()?)?;
        self.had_gpc = read_flag(field()?)?;
        self.choice = Some(choice);
        rest.clone_into(&mut self.basis);
        Some(())
    }
}

/// Takes over the answers that were given, `1` and `0`; nothing where the text is none of four answers.
#[inline(never)]
fn read_answers(answers: &mut Answers, text: &str) -> Option<()> {
    let mut read = *answers;
    let mut said = text.bytes();
    for slot in &mut read {
        match said.next()? {
            b'1' => *slot = Some(true),
            b'0' => *slot = Some(false),
            b'-' => {}
            _ => return None,
        }
    }
    if said.next().is_some() {
        return None;
    }
    *answers = read;
    Some(())
}

/// Appends answers as `1`, `0` and `-`.
#[inline(never)]
fn push_marks(out: &mut String, answers: Answers) {
    for answer in answers {
        out.push(answer.map_or('-', flag));
    }
}

fn read_flag(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

fn flag(fact: bool) -> char {
    if fact { '1' } else { '0' }
}
