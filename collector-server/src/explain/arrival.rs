//! How the visitor of a copy got here, and by which channel: Google's default channel groups, decided when somebody asks.
//!
//! Click ids are told by name only.

use std::fmt::Write as _;

use firsthand_core::touchpoint::channel::channel_of;
use firsthand_core::wire::{Touch, decode_header};
use serde_json::{Map, Value, json};

use super::time;
use crate::store::StoredCopy;

/// Returns first and last arrival as JSON; `null` where there was none.
pub(super) fn json(copy: &StoredCopy) -> Value {
    let header = decode_header(&copy.header).unwrap_or_default();
    let of = |touch: &Option<Touch<'_>>| touch.as_ref().map_or(Value::Null, arrival_json);
    json!({ "first": of(&header.first_touch), "last": of(&header.last_touch) })
}

fn arrival_json(touch: &Touch<'_>) -> Value {
    let labels: Map<String, Value> = touch
        .utm
        .iter()
        .map(|(label, value)| (label.to_string(), Value::from(value.as_ref())))
        .collect();
    json!({
        "at_ms": touch.at,
        "channel": channel(touch),
        "url": touch.url,
        "referrer": touch.referrer,
        "labels": labels,
        "clicks": click_names(touch),
    })
}

/// Writes a line for the first arrival and, where it is another one, for the last.
pub(super) fn text(out: &mut String, copy: &StoredCopy) {
    let Ok(header) = decode_header(&copy.header) else {
        return;
    };
    let last = header
        .last_touch
        .as_ref()
        .filter(|last| header.first_touch.as_ref() != Some(*last));
    for (word, touch) in [("first", header.first_touch.as_ref()), ("last", last)] {
        let Some(touch) = touch else { continue };
        let word = format!("{word} arrival");
        let _ = write!(
            out,
            "    {word:<13} {} by {}",
            time(touch.at),
            channel(touch)
        );
        let told = touch
            .utm
            .iter()
            .map(|(label, value)| format!("{label} {value}"))
            .chain(click_names(touch).into_iter().map(str::to_owned));
        let told: Vec<String> = told.collect();
        if !told.is_empty() {
            let _ = write!(out, " ({})", told.join(", "));
        }
        if !touch.referrer.is_empty() {
            let _ = write!(out, " from {}", touch.referrer);
        }
        out.push('\n');
    }
}

fn channel(touch: &Touch<'_>) -> &'static str {
    channel_of(&touch.referrer, &touch.utm, &touch.click).as_str()
}

fn click_names<'t>(touch: &'t Touch<'_>) -> Vec<&'t str> {
    touch.click.iter().map(|(name, _)| name.as_ref()).collect()
}
