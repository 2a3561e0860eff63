//! One message: what it says, under which id.

use serde_json::json;

use super::watch::{Alarm, Kind};

/// Which word on an alarm a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The first.
    Raised,
    /// It lasts.
    Still,
    /// The last.
    Over,
}

impl State {
    /// Returns the name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Still => "still",
            Self::Over => "over",
        }
    }
}

/// A message to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// Of which destination.
    pub destination: Option<String>,
    /// Of which source.
    pub source: Option<String>,
    /// Which word on it.
    pub state: State,
    /// What makes its id: the same in every try.
    pub id_parts: [String; 4],
    /// JSON.
    pub body: String,
}

impl Message {
    /// Writes a message; `times` is how often the alarm was told before.
    pub fn new(alarm: &Alarm, state: State, times: u32, now_ms: i64) -> Self {
        let time = |at_ms| {
            jiff::Timestamp::from_millisecond(at_ms)
                .map_or_else(|_| String::new(), |at| at.to_string())
        };
        let kind = alarm.kind.as_str();
        let body = json!({
            "type": format!("alert.{kind}"),
            "timestamp": time(now_ms),
            "data": {
                "alert": kind,
                "state": state.as_str(),
                "destination": alarm.destination,
                "source": alarm.source,
                "since": time(alarm.since_ms),
                "message": alarm.words,
            }
        });
        Self {
            kind: alarm.kind,
            destination: alarm.destination.clone(),
            source: alarm.source.clone(),
            state,
            id_parts: [
                alarm
                    .destination
                    .clone()
                    .or_else(|| alarm.source.clone())
                    .unwrap_or_default(),
                alarm.since_ms.to_string(),
                state.as_str().to_owned(),
                times.to_string(),
            ],
            body: body.to_string(),
        }
    }
}
