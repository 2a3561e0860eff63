//! What the shop has configured.

use super::DEFAULT_MAX_AGE_DAYS;

/// Whether GPC reaches beyond the states whose law demands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpcScope {
    /// Honoured for everybody: regions are imprecise, and a signal is a wish.
    #[default]
    All,
    /// Honoured where the law demands it.
    Required,
}

impl GpcScope {
    /// Returns the name used on the wire and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Required => "required",
        }
    }
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

impl GpcMode {
    /// Returns the name used on the wire and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statutory => "statutory",
            Self::Strict => "strict",
        }
    }
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
