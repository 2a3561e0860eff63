//! What is wrong with a collector and its data, and what to do about it. Pure: what was seen is passed in.

mod data;
mod destinations;
mod files;

use serde::Serialize;
use serde_json::{Value, json};

pub use self::data::{chain, clock, damage, disagreements, log_size, room, tasks};
pub use self::destinations::destination;
pub use self::files::{moved_aside, readable_by_others};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, and wants a look.
    Warning,
    /// Something does not work or was lost.
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a stable name.
    pub check: &'static str,
    /// How it is.
    pub level: Level,
    /// What was seen.
    pub what: String,
    /// What to do; `None` where nothing is to be done.
    #[serde(rename = "do")]
    pub todo: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            what: what.into(),
            todo: None,
        }
    }

    /// Something that wants a look.
    pub fn warning(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Warning,
            what: what.into(),
            todo: Some(todo.into()),
        }
    }

    /// Something that is broken.
    pub fn error(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            ..Self::warning(check, what, todo)
        }
    }
}

/// Returns how many findings are of a level.
pub fn count(findings: &[Finding], level: Level) -> usize {
    findings
        .iter()
        .filter(|finding| finding.level == level)
        .count()
}

/// Returns the findings as JSON.
pub fn json(findings: &[Finding]) -> Value {
    let errors = count(findings, Level::Error);
    json!({
        "healthy": errors == 0,
        "errors": errors,
        "warnings": count(findings, Level::Warning),
        "findings": findings,
    })
}

/// Returns the findings as text, a line each, and what to do below.
pub fn text(findings: &[Finding]) -> String {
    let mut lines = Vec::with_capacity(findings.len());
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        };
        lines.push(format!("{level:<8} {:<12} {}", finding.check, finding.what));
        if let Some(todo) = &finding.todo {
            lines.push(format!("         {:<12} → {todo}", ""));
        }
    }
    lines.join("\n")
}

/// Returns a length of time in words, in the largest unit that fits.
fn span(ms: i64) -> String {
    let seconds = ms / 1000;
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests;
