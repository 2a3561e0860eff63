//! The consent decision: what a visitor's choice, a browser signal and the law of the region allow.
//!
//! Four purposes, decided apart; deny wins, unknown denies. The regime only decides what an *absent*
//! choice means. The same function runs in the page, at the collector's door and before each forward.
//!
//! | module | concept |
//! |---|---|
//! | `said` | what the visitor said, to us or to a consent framework, and the age band |
//! | `policy` | what the shop has configured |
//! | `decision` | what follows from both, and on what basis |
//!
//! Rule and sources: GDPR art. 4(11), 6(1)(a), 7; ePrivacy Directive art. 5(3); CCPA 1798.120, .135;
//! 11 CCR 7025; W3C Global Privacy Control. A refusal never expires in effect; a grant ends by age, by a
//! new policy version, and when its date lies in the future.

mod decision;
mod policy;
mod said;

pub use decision::{Basis, Situation, Verdict, decide};
pub use policy::{GpcMode, GpcScope, Policy};
pub use said::{AgeBand, Answers, Choice, Framework, Source};

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

/// How far in the future a choice may lie and still count, in milliseconds.
pub const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;
