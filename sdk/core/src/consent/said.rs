//! What is known of the visitor's will: a choice made with us, answers that a consent framework gathered, the age band.

use super::{PURPOSES, Purpose};

/// Answers in the order of [`Purpose::ALL`]; `None` is unset.
pub type Answers = [Option<bool>; PURPOSES];

/// What the visitor said, purpose by purpose; `None` is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice {
    /// The answers.
    pub answers: Answers,
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

/// Who gathered answers for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// IAB Transparency and Consent Framework.
    Tcf,
    /// IAB Global Privacy Platform.
    Gpp,
    /// Google Consent Mode.
    ConsentMode,
    /// Shopify's Customer Privacy API.
    Shopify,
    /// Another consent platform.
    Cmp,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 5] = [
        Self::Tcf,
        Self::Gpp,
        Self::ConsentMode,
        Self::Shopify,
        Self::Cmp,
    ];

    /// Returns the name used on the wire and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcf => "tcf",
            Self::Gpp => "gpp",
            Self::ConsentMode => "consent_mode",
            Self::Shopify => "shopify",
            Self::Cmp => "cmp",
        }
    }

    /// Returns the source of a name; a platform that has no name here is [`Source::Cmp`].
    pub fn parse(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|source| source.as_str() == name)
            .unwrap_or(Self::Cmp)
    }
}

/// What a consent framework says that the visitor answered. It stands beside the visitor's own [`Choice`] and never replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framework {
    /// The answers.
    pub answers: Answers,
    /// Who gathered them.
    pub source: Source,
    /// Version of the policy that held when they were read.
    pub policy_version: u32,
    /// When they were read, in epoch milliseconds.
    pub at_ms: i64,
}

impl Framework {
    /// Returns the answer for a purpose.
    pub fn answer(&self, purpose: Purpose) -> Option<bool> {
        self.answers.get(purpose as usize).copied().flatten()
    }
}

/// The visitor's age, where the shop knows it; the older, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AgeBand {
    /// Below 13: nothing is allowed.
    Under13,
    /// 13 to 15: sharing needs an opt-in everywhere (CCPA 1798.120(c)).
    Under16,
    /// Unknown, or 16 and older.
    #[default]
    Adult,
}

impl AgeBand {
    /// Returns the name used on the wire and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Under13 => "under_13",
            Self::Under16 => "13_15",
            Self::Adult => "16_plus",
        }
    }

    /// Returns the band of a name, empty for an unknown age. What is no name of one is the strictest: somebody meant to say an age.
    pub fn parse(name: &str) -> Self {
        match name {
            "" | "16_plus" => Self::Adult,
            "13_15" => Self::Under16,
            _ => Self::Under13,
        }
    }
}
