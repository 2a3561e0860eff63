//! What follows from what the visitor said, the browser's signal and the law, and on what basis.

use super::{
    AgeBand, CLOCK_TOLERANCE_MS, Choice, DAY_MS, Framework, GpcMode, GpcScope, PURPOSES, Policy,
    Purpose, Regime, Source,
};

/// What is known about one visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Situation {
    /// Regime of the visitor's region; [`Regime::OptIn`] when the region is unknown.
    pub regime: Regime,
    /// The browser sends Global Privacy Control now, or this profile sent it earlier and has not
    /// consented since.
    pub gpc: bool,
    /// The law of the visitor's region demands that GPC is honoured.
    pub is_gpc_required: bool,
    /// The visitor's own choice, if there was one.
    pub choice: Option<Choice>,
    /// What a consent framework says, if there is one.
    pub framework: Option<Framework>,
    /// The visitor's age band.
    pub age: AgeBand,
}

/// What decided about a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Basis {
    /// The visitor's own choice.
    Explicit,
    /// Global Privacy Control.
    Gpc,
    /// The answer of a consent framework.
    Framework(Source),
    /// The visitor's age.
    Age,
    /// Nobody answered: what the regime says of an absent choice.
    #[default]
    Regime,
}

impl Basis {
    /// Returns the name used in receipts and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Gpc => "gpc",
            Self::Framework(source) => source.as_str(),
            Self::Age => "age",
            Self::Regime => "regime",
        }
    }
}

/// What is allowed, and what the page has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Allowed purposes, in the order of [`Purpose::ALL`].
    pub allow: [bool; PURPOSES],
    /// What decided, in the same order.
    pub basis: [Basis; PURPOSES],
    /// A choice has to be asked for.
    pub prompt: bool,
    /// The page has to say that the opt-out signal was honoured (11 CCR 7025(c)(6)).
    pub show_opt_out_honoured: bool,
}

impl Verdict {
    /// Whether a purpose is allowed.
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.allow.get(purpose as usize).copied().unwrap_or(false)
    }

    /// Whether any purpose is allowed.
    pub fn allows_any(&self) -> bool {
        self.allow.contains(&true)
    }

    /// Whether data that matches a person at another company may leave: marketing *and* sharing.
    pub fn allows_match_keys(&self) -> bool {
        self.allows(Purpose::Marketing) && self.allows(Purpose::ThirdPartySharing)
    }

    /// Whether an event may leave the page at all: somebody may measure it.
    pub fn allows_events(&self) -> bool {
        self.allows(Purpose::Analytics) || self.allows(Purpose::Marketing)
    }

    /// Whether somebody has answered for a purpose, or an answer is of no use: only the regime leaves it open.
    pub fn is_settled(&self, purpose: Purpose) -> bool {
        self.basis
            .get(purpose as usize)
            .is_some_and(|basis| *basis != Basis::Regime)
    }

    /// Takes away what another verdict does not allow.
    pub fn restrict(&mut self, other: &Self) {
        let theirs = other.allow.into_iter().zip(other.basis);
        for ((allow, basis), (their_allow, their_basis)) in
            self.allow.iter_mut().zip(&mut self.basis).zip(theirs)
        {
            if *allow && !their_allow {
                *allow = false;
                *basis = their_basis;
            }
        }
    }
}

/// Decides what is allowed at `now_ms` (epoch milliseconds).
///
/// Any no wins: the visitor's own, that of the signal, that of a framework. A yes counts while it is current: the visitor's own, then a
/// framework's. Only the visitor's own, given after the notice, outranks the signal. Where nobody answered, the regime says what that means.
pub fn decide(policy: &Policy, situation: &Situation, now_ms: i64) -> Verdict {
    let Situation {
        choice, framework, ..
    } = situation;
    let do_own_count = choice
        .as_ref()
        .is_some_and(|own| do_grants_count(policy, own.policy_version, own.at_ms, now_ms));
    let do_theirs_count = framework
        .as_ref()
        .is_some_and(|theirs| do_grants_count(policy, theirs.policy_version, theirs.at_ms, now_ms));
    let is_after_notice = do_own_count && choice.is_some_and(|own| own.after_gpc_notice);
    let gpc_on = situation.gpc && (policy.gpc_scope == GpcScope::All || situation.is_gpc_required);
    let is_opt_in = situation.regime == Regime::OptIn;

    let mut verdict = Verdict::default();
    for purpose in Purpose::ALL {
        let own = choice.as_ref().and_then(|own| own.answer(purpose));
        let theirs = framework.as_ref().and_then(|theirs| theirs.answer(purpose));
        let is_granted = do_own_count && own == Some(true);
        let is_sharing = purpose == Purpose::ThirdPartySharing;
        let is_under_gpc = gpc_on
            && (is_sharing
                || (policy.gpc_mode == GpcMode::Strict && purpose != Purpose::Analytics));
        let source = framework
            .as_ref()
            .map_or(Source::Cmp, |theirs| theirs.source);
        let (allow, basis) = if situation.age == AgeBand::Under13 {
            (false, Basis::Age)
        } else if own == Some(false) {
            (false, Basis::Explicit)
        } else if is_under_gpc && !(is_granted && is_after_notice) {
            (false, Basis::Gpc)
        } else if theirs == Some(false) {
            (false, Basis::Framework(source))
        } else if is_granted {
            (true, Basis::Explicit)
        } else if do_theirs_count && theirs == Some(true) {
            (true, Basis::Framework(source))
        } else if is_sharing && !is_opt_in && situation.age == AgeBand::Under16 {
            (false, Basis::Age)
        } else {
            (!is_opt_in, Basis::Regime)
        };
        verdict.allow[purpose as usize] = allow;
        verdict.basis[purpose as usize] = basis;
        let is_answered = (do_own_count && own.is_some()) || (do_theirs_count && theirs.is_some());
        verdict.prompt |= is_opt_in && situation.age != AgeBand::Under13 && !is_answered;
    }
    verdict.show_opt_out_honoured =
        gpc_on && !is_opt_in && !verdict.allows(Purpose::ThirdPartySharing);
    verdict
}

/// Whether grants still count: same policy version, not too old, not from the future. Up to [`CLOCK_TOLERANCE_MS`] in the future they
/// do: clocks differ by seconds.
fn do_grants_count(policy: &Policy, policy_version: u32, at_ms: i64, now_ms: i64) -> bool {
    let age_ms = now_ms.saturating_sub(at_ms);
    policy_version == policy.version
        && age_ms >= -CLOCK_TOLERANCE_MS
        && age_ms.max(0) / DAY_MS <= policy.max_age_days
}
