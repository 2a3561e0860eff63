//! The result: one row a budget of the design, as JSON for machines and as a table for people.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// One measured number beside what it is compared with in the same run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it is compared with: a baseline of the same run, or the bar where a ratio has no meaning.
    pub baseline: f64,
    /// `value / baseline`.
    pub ratio: f64,
}

impl Row {
    /// Returns a row with its ratio.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &str, baseline: f64) -> Self {
        Self {
            name: name.into(),
            value,
            unit: unit.to_owned(),
            baseline,
            ratio: if baseline == 0.0 {
                0.0
            } else {
                value / baseline
            },
        }
    }
}

/// A budget: which row it is about, and what has to hold.
struct Budget {
    row: &'static str,
    is_ratio: bool,
    bar: f64,
    aim: f64,
    higher_is_better: bool,
}

const BUDGETS: [Budget; 11] = [
    Budget {
        row: "sdk (stub + glue + wasm), brotli",
        is_ratio: false,
        bar: 25_000.0,
        aim: 12_000.0,
        higher_is_better: false,
    },
    Budget {
        row: "sdk as plain javascript, brotli",
        is_ratio: false,
        bar: 50_000.0,
        aim: 25_000.0,
        higher_is_better: false,
    },
    Budget {
        row: "banner, brotli",
        is_ratio: false,
        bar: 12_000.0,
        aim: 6_000.0,
        higher_is_better: false,
    },
    Budget {
        row: "main-thread time to load and start",
        is_ratio: false,
        bar: 15.0,
        aim: 5.0,
        higher_is_better: false,
    },
    Budget {
        row: "track()",
        is_ratio: false,
        bar: 100.0,
        aim: 30.0,
        higher_is_better: false,
    },
    Budget {
        row: "durable intake, 1 event a request",
        is_ratio: true,
        bar: 0.30,
        aim: 0.50,
        higher_is_better: true,
    },
    Budget {
        row: "durable intake, 10 events a request",
        is_ratio: true,
        bar: 0.25,
        aim: 0.45,
        higher_is_better: true,
    },
    Budget {
        row: "intake decay with a full dedup set",
        is_ratio: true,
        bar: 2.0,
        aim: 1.3,
        higher_is_better: false,
    },
    Budget {
        row: "accepted to delivered, p99",
        is_ratio: false,
        bar: 1000.0,
        aim: 250.0,
        higher_is_better: false,
    },
    Budget {
        row: "resident memory, idle",
        is_ratio: false,
        bar: 40.0,
        aim: 20.0,
        higher_is_better: false,
    },
    Budget {
        row: "resident memory, full load, destination down",
        is_ratio: false,
        bar: 256.0,
        aim: 128.0,
        higher_is_better: false,
    },
];

/// Writes `summary.json` into `folder` and returns the rows as a table.
pub(crate) fn write(folder: &Path, rows: &[Row]) -> anyhow::Result<String> {
    std::fs::create_dir_all(folder).context("creating the folder of the results")?;
    let path = folder.join("summary.json");
    std::fs::write(&path, serde_json::to_string_pretty(rows)?)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(table(rows))
}

/// Returns the rows as a table with each budget's verdict.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut out = format!(
        "{:width$}  {:>14} {:8} {:>14} {:>8}  budget\n",
        "what", "value", "unit", "baseline", "ratio"
    );
    for row in rows {
        let verdict = BUDGETS
            .iter()
            .find(|b| b.row == row.name)
            .map_or(String::new(), |budget| {
                let measured = if budget.is_ratio {
                    row.ratio
                } else {
                    row.value
                };
                let holds = |limit: f64| {
                    if budget.higher_is_better {
                        measured >= limit
                    } else {
                        measured <= limit
                    }
                };
                let word = match (holds(budget.aim), holds(budget.bar)) {
                    (true, _) => "aim met",
                    (false, true) => "bar met",
                    (false, false) => "MISSED",
                };
                format!("{word} (bar {}, aim {})", budget.bar, budget.aim)
            });
        let _ = writeln!(
            out,
            "{:width$}  {:>14.3} {:8} {:>14.3} {:>8.3}  {verdict}",
            row.name, row.value, row.unit, row.baseline, row.ratio
        );
    }
    out
}

/// Returns the middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_said() {
        let rows = [
            Row::new("track()", 120.0, "us", 10.0),
            Row::new("durable intake, 1 event a request", 40.0, "req/s", 100.0),
        ];
        let table = table(&rows);
        assert!(table.contains("MISSED (bar 100"), "{table}");
        assert!(table.contains("bar met (bar 0.3"), "{table}");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
