//! The consent decision: what a visitor's choice, a browser signal and the law of the region allow.
//!
//! Four purposes, decided apart; deny wins, unknown denies. The regime only decides what an *absent*
//! choice means. The same function runs in the page, at the collector's door and before each forward.
//!
//! Rule and sources: GDPR art. 4(11), 6(1)(a), 7; ePrivacy Directive art. 5(3); CCPA 1798.120, .135;
//! 11 CCR 7025; W3C Global Privacy Control. A refusal never expires in effect; a grant ends by age, by a
//! new policy version, and when its date lies in the future.

/// How many purposes there are.
pub const PURPOSES: usize = 4;

/// Default of the greatest age at which a grant still counts, in days (CNIL recommends about 6 months).
pub const DEFAULT_MAX_AGE_DAYS: i64 = 180;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// What personal data may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// Advertising: match keys, click ids.
    Marketing,
    /// Measuring the shop's own traffic and sales.
    Analytics,
    /// Adapting what the visitor sees.
    Personalization,
    /// Giving data to other companies, ad platforms among them.
    ThirdPartySharing,
}

impl Purpose {
    /// All purposes, in wire order.
    pub const ALL: [Self; PURPOSES] = [
        Self::Marketing,
        Self::Analytics,
        Self::Personalization,
        Self::ThirdPartySharing,
    ];

    /// Returns the name used on the wire, in configuration and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Analytics => "analytics",
            Self::Personalization => "personalization",
            Self::ThirdPartySharing => "third_party_sharing",
        }
    }

    /// Returns the purpose of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }
}

/// What an absent choice means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Regime {
    /// No choice is a no (EU, UK, and wherever the region is unknown).
    #[default]
    OptIn,
    /// No choice is a yes until the visitor objects (US states with a privacy law).
    OptOut,
    /// No law demands a choice; a refusal and GPC still count.
    None,
}

impl Regime {
    /// Returns the name used on the wire and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptIn => "opt_in",
            Self::OptOut => "opt_out",
            Self::None => "none",
        }
    }

    /// Returns the regime of a name; whatever is not a name of one is not a regime.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::OptIn, Self::OptOut, Self::None]
            .into_iter()
            .find(|r| r.as_str() == name)
    }

    /// Returns the stricter of two regimes.
    pub const fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::OptIn, _) | (_, Self::OptIn) => Self::OptIn,
            (Self::OptOut, _) | (_, Self::OptOut) => Self::OptOut,
            (Self::None, Self::None) => Self::None,
        }
    }
}

/// What the visitor said, purpose by purpose; `None` is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// Answers in the order of [`Purpose::ALL`].
    pub answers: [Option<bool>; PURPOSES],
    /// Version of the policy that was shown.
    pub policy_version: u32,
    /// When the choice was made, in epoch milliseconds.
    pub at_ms: i64,
    /// The choice was made after a notice said that it conflicts with the browser's GPC signal.
    pub after_gpc_notice: bool,
}

impl Choice {
    /// Returns the answer for a purpose.
    pub fn answer(&self, purpose: Purpose) -> Option<bool> {
        self.answers.get(purpose as usize).copied().flatten()
    }

    /// Whether every purpose was answered.
    pub fn is_complete(&self) -> bool {
        self.answers.iter().all(Option::is_some)
    }

    /// Returns the same answer for all purposes.
    pub const fn of_all(answer: bool, policy_version: u32, at_ms: i64) -> Self {
        Self {
            answers: [Some(answer); PURPOSES],
            policy_version,
            at_ms,
            after_gpc_notice: false,
        }
    }
}

/// Whether GPC reaches beyond the states whose law demands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpcScope {
    /// Honoured for everybody: regions are imprecise, and a signal is a wish.
    #[default]
    All,
    /// Honoured where the law demands it.
    Required,
}

/// What GPC switches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpcMode {
    /// Sale and sharing only, as the laws say.
    #[default]
    Statutory,
    /// Marketing and personalization too.
    Strict,
}

/// The visitor's age, where the shop knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AgeBand {
    /// Unknown, or 16 and older.
    #[default]
    Adult,
    /// 13 to 15: sharing needs an opt-in everywhere (CCPA 1798.120(c)).
    Under16,
    /// Below 13: nothing is allowed.
    Under13,
}

/// What the shop has configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Version of the policy now in force.
    pub version: u32,
    /// Greatest age at which a grant still counts, in days, inclusive.
    pub max_age_days: i64,
    /// Where GPC counts.
    pub gpc_scope: GpcScope,
    /// What GPC switches off.
    pub gpc_mode: GpcMode,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: 1,
            max_age_days: DEFAULT_MAX_AGE_DAYS,
            gpc_scope: GpcScope::All,
            gpc_mode: GpcMode::Statutory,
        }
    }
}

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
    /// The visitor's choice, if there was one.
    pub choice: Option<Choice>,
    /// The visitor's age band.
    pub age: AgeBand,
}

/// What is allowed, and what the page has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Allowed purposes, in the order of [`Purpose::ALL`].
    pub allow: [bool; PURPOSES],
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
}

/// Decides what is allowed at `now_ms` (epoch milliseconds).
pub fn decide(policy: &Policy, situation: &Situation, now_ms: i64) -> Verdict {
    let grants_count = situation
        .choice
        .as_ref()
        .is_some_and(|choice| do_grants_count(policy, choice, now_ms));
    let answer = |p| situation.choice.as_ref().and_then(|c| c.answer(p));
    let is_granted = |p| grants_count && answer(p) == Some(true);
    let gpc_on = situation.gpc && (policy.gpc_scope == GpcScope::All || situation.is_gpc_required);
    let consented_after_notice = |p| {
        is_granted(p)
            && situation
                .choice
                .as_ref()
                .is_some_and(|c| c.after_gpc_notice)
    };

    let mut allow = Purpose::ALL.map(|purpose| {
        let is_denied = answer(purpose) == Some(false);
        let by_regime = match situation.regime {
            Regime::OptIn => is_granted(purpose),
            Regime::OptOut | Regime::None => true,
        };
        let is_minor_without_opt_in = purpose == Purpose::ThirdPartySharing
            && situation.age == AgeBand::Under16
            && !is_granted(purpose);
        let is_under_gpc = purpose == Purpose::ThirdPartySharing
            || (policy.gpc_mode == GpcMode::Strict && purpose != Purpose::Analytics);
        let is_stopped_by_gpc = gpc_on && is_under_gpc && !consented_after_notice(purpose);
        by_regime && !is_denied && !is_minor_without_opt_in && !is_stopped_by_gpc
    });
    if situation.age == AgeBand::Under13 {
        allow = [false; PURPOSES];
    }

    let has_current_choice = situation
        .choice
        .as_ref()
        .is_some_and(|c| c.is_complete() && do_grants_count(policy, c, now_ms));
    let shares = allow[Purpose::ThirdPartySharing as usize];
    Verdict {
        allow,
        prompt: situation.regime == Regime::OptIn
            && situation.age != AgeBand::Under13
            && !has_current_choice,
        show_opt_out_honoured: gpc_on && situation.regime != Regime::OptIn && !shares,
    }
}

/// Whether the grants of a choice still count: same policy version, not too old, not from the future.
///
/// A choice up to [`CLOCK_TOLERANCE_MS`] in the future counts: clocks differ by seconds.
fn do_grants_count(policy: &Policy, choice: &Choice, now_ms: i64) -> bool {
    let age_ms = now_ms.saturating_sub(choice.at_ms);
    choice.policy_version == policy.version
        && age_ms >= -CLOCK_TOLERANCE_MS
        && age_ms.max(0) / DAY_MS <= policy.max_age_days
}

/// How far in the future a choice may lie and still count, in milliseconds.
pub const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;
