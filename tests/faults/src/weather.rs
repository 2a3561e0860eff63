//! What the network does to the next request, drawn from the seed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::Dice;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The platform never sees it; the answer has this status, with `Retry-After` where one is given.
    Refuse(u16, Option<u32>),
    /// A page of HTML answers with this status; the platform has seen the request only where that means success.
    Html(u16),
    /// The platform never sees it; the connection is reset.
    Reset,
    /// The platform never sees it; nothing answers until the sender gives up.
    Hang,
    /// The platform takes it; the connection ends without the answer.
    LostAnswer,
    /// The platform takes it; half of the answer arrives.
    HalfAnswer,
    /// The platform takes it; the answer comes a few bytes at a time, with so many milliseconds between.
    Drip(u64),
    /// The platform takes it; its answer is called an image.
    WrongType,
    /// The platform never sees it and its success is claimed. No network does that: it forges a loss, to show
    /// that the oracle sees one.
    Swallow,
}

impl Fault {
    /// Everything a network or a platform does on a bad day.
    pub const BAD_DAY: &'static [Self] = &[
        Self::Refuse(429, None),
        Self::Refuse(429, Some(0)),
        Self::Refuse(500, None),
        Self::Refuse(502, None),
        Self::Refuse(503, Some(0)),
        Self::Html(502),
        Self::Html(200),
        Self::Reset,
        Self::Hang,
        Self::LostAnswer,
        Self::HalfAnswer,
        Self::Drip(1),
        Self::Drip(100),
        Self::WrongType,
    ];
}

/// What may happen, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Weather {
    /// Requests of a hundred that meet a fault.
    pub percent: u64,
    /// One of these, each as likely as the other.
    pub faults: Vec<Fault>,
}

impl Weather {
    /// Nothing happens.
    pub fn fair() -> Self {
        Self::default()
    }

    /// Returns weather in which `percent` requests of a hundred meet one of these.
    pub fn of(percent: u64, faults: &[Fault]) -> Self {
        Self {
            percent,
            faults: faults.to_vec(),
        }
    }
}

/// The weather over every platform. Clones share it.
#[derive(Debug, Clone)]
pub struct Sky(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    dice: Dice,
    everywhere: Weather,
    over: HashMap<String, Weather>,
    streams: HashMap<String, Dice>,
    met: HashMap<Fault, u64>,
}

impl Sky {
    /// Makes a fair sky.
    pub fn new(dice: Dice) -> Self {
        Self(Arc::new(Mutex::new(State {
            dice,
            everywhere: Weather::fair(),
            over: HashMap::new(),
            streams: HashMap::new(),
            met: HashMap::new(),
        })))
    }

    /// Sets the weather everywhere.
    pub fn set(&self, weather: Weather) {
        self.with(|state| {
            state.over.clear();
            state.everywhere = weather;
        });
    }

    /// Sets the weather over one platform.
    pub fn set_over(&self, platform: &str, weather: Weather) {
        self.with(|state| state.over.insert(platform.to_owned(), weather));
    }

    /// Draws what the next request to a platform meets. Each platform has a stream of its own: the order in which
    /// requests to different ones arrive changes nothing.
    pub fn draw(&self, platform: &str) -> Option<Fault> {
        self.with(|state| {
            let weather = state.over.get(platform).unwrap_or(&state.everywhere);
            let stream = state
                .streams
                .entry(platform.to_owned())
                .or_insert_with(|| state.dice.fork(platform));
            if !stream.chance(weather.percent) {
                return None;
            }
            let fault = stream.pick(&weather.faults).copied()?;
            *state.met.entry(fault).or_default() += 1;
            Some(fault)
        })
    }

    /// Returns how many requests have met a fault so far, by kind.
    pub fn met(&self) -> HashMap<Fault, u64> {
        self.with(|state| state.met.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_brings_the_same_weather_in_whatever_order_platforms_are_asked() {
        let sky = || {
            let sky = Sky::new(Dice::new(3));
            sky.set(Weather::of(50, Fault::BAD_DAY));
            sky
        };
        let (one, other) = (sky(), sky());
        let draw = |sky: &Sky, name| (0..50).map(|_| sky.draw(name)).collect::<Vec<_>>();
        let first = draw(&one, "meta");
        let _ = draw(&other, "tiktok");
        assert_eq!(first, draw(&other, "meta"));
        let met: u64 = one.met().values().sum();
        assert_eq!(met, first.iter().flatten().count() as u64);
        assert!((10..40).contains(&met), "about half: {met}");
        one.set(Weather::fair());
        assert!(draw(&one, "meta").iter().all(Option::is_none));
    }
}
