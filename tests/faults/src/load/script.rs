//! What a sender sends, drawn from the seed: page events, orders told by page and backend in either order, repeats,
//! visitors who allow less or nothing, and events that are wrong.

use std::collections::VecDeque;

use super::WRITE_KEY;
use crate::debts::Owed;
use crate::dice::Dice;

/// Page events that every destination knows.
const NAMES: [&str; 3] = ["add_to_cart", "view_item", "begin_checkout"];
/// Requests that may come again later.
const REMEMBERED: usize = 32;

/// Which door a request goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The page's, with the public key.
    Page,
    /// The backend's, with the secret key.
    Backend,
}

/// What must become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is taken.
    Taken(Owed),
    /// It is refused by itself, with a code.
    Refused,
}

/// One request, without the times, which are those of its sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub door: Door,
    /// The events' ids, and what must become of them, in their order.
    pub events: Vec<(String, Expected)>,
    user: String,
    allowed: Allowed,
    bodies: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    All,
    AnalyticsOnly,
    Nothing,
}

impl Request {
    /// Returns the body, sent at this time (epoch milliseconds).
    pub fn body(&self, now_ms: i64) -> String {
        let (analytics, others) = match self.allowed {
            Allowed::All => (true, true),
            Allowed::AnalyticsOnly => (true, false),
            Allowed::Nothing => (false, false),
        };
        let events: Vec<String> = self
            .bodies
            .iter()
            .map(|body| body.replace("AT", &now_ms.to_string()))
            .collect();
        format!(
            r#"{{"v":1,"write_key":"{WRITE_KEY}","sent_at":{now_ms},"consent":{{"regime":"opt_in","policy":1,"at":{},"basis":"explicit","marketing":{others},"analytics":{analytics},"personalization":{others},"third_party_sharing":{others}}},"user":{},"events":[{}]}}"#,
            now_ms - 1_000,
            self.user,
            events.join(",")
        )
    }
}

/// The requests of one sender, without end.
#[derive(Debug)]
pub struct Script {
    name: String,
    dice: Dice,
    number: u64,
    later: VecDeque<Request>,
    sent: VecDeque<Request>,
}

impl Script {
    /// Starts the script of a sender.
    pub fn new(name: &str, dice: Dice) -> Self {
        Self {
            name: name.to_owned(),
            dice,
            number: 0,
            later: VecDeque::new(),
            sent: VecDeque::new(),
        }
    }

    /// Returns the next request.
    pub fn next_request(&mut self) -> Request {
        let request = self.draw();
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(request.clone());
        request
    }

    fn draw(&mut self) -> Request {
        if !self.later.is_empty() && self.dice.chance(60) {
            return self.later.pop_front().unwrap_or_else(|| self.page_events());
        }
        match self.dice.below(100) {
            0..45 => self.page_events(),
            45..76 => self.order_of_both(),
            76..82 => {
                let (id, event) = self.order();
                let user = self.user(true);
                request(
                    Door::Backend,
                    Allowed::All,
                    user,
                    vec![(id, taken())],
                    vec![event],
                )
            }
            82..88 => {
                let at = self.dice.below(self.sent.len() as u64);
                let again = self.sent.get(usize::try_from(at).unwrap_or(0)).cloned();
                again.unwrap_or_else(|| self.page_events())
            }
            88..93 => self.of_somebody(Allowed::AnalyticsOnly, Expected::Taken(Owed::Silence)),
            93..96 => self.of_somebody(Allowed::Nothing, Expected::Refused),
            _ => self.one_wrong_among_good(),
        }
    }

    fn page_events(&mut self) -> Request {
        let count = self.dice.between(1, 5);
        let (ids, bodies) = (0..count).map(|_| self.event()).unzip();
        let user = self.user(true);
        request(Door::Page, Allowed::All, user, all(ids, taken()), bodies)
    }

    /// The second copy comes some requests later.
    fn order_of_both(&mut self) -> Request {
        let (id, event) = self.order();
        let user = self.user(true);
        let [mut first, mut second] = [Door::Page, Door::Backend].map(|door| {
            let ids = vec![(id.clone(), taken())];
            request(door, Allowed::All, user.clone(), ids, vec![event.clone()])
        });
        if self.dice.chance(50) {
            std::mem::swap(&mut first, &mut second);
        }
        self.later.push_back(second);
        first
    }

    fn of_somebody(&mut self, allowed: Allowed, expected: Expected) -> Request {
        let (id, event) = self.event();
        let user = self.user(false);
        request(Door::Page, allowed, user, vec![(id, expected)], vec![event])
    }

    fn one_wrong_among_good(&mut self) -> Request {
        let (first, good) = self.event();
        let (second, wrong) = self.event();
        let (third, last) = self.event();
        let wrong = wrong.replace("\"value\":", "\"currency\":7,\"value\":");
        let wrong = wrong.replacen("\"currency\":\"EUR\",", "", 1);
        let ids = vec![
            (first, taken()),
            (second, Expected::Refused),
            (third, taken()),
        ];
        let user = self.user(true);
        request(Door::Page, Allowed::All, user, ids, vec![good, wrong, last])
    }

    fn event(&mut self) -> (String, String) {
        let id = self.next_id();
        let name = self.dice.pick(&NAMES).copied().unwrap_or("view_item");
        let cents = self.dice.between(100, 99_999);
        let event = format!(
            r#"{{"id":"{id}","name":"{name}","at":AT,"page":{{"url":"https://shop.example/p/mug"}},"props":{{"currency":"EUR","value":{}.{:02},"items":[{{"item_id":"mug-01","price":1.5,"quantity":1}}]}}}}"#,
            cents / 100,
            cents % 100
        );
        (id, event)
    }

    fn order(&mut self) -> (String, String) {
        let order = self.next_id();
        let id = format!("purchase:{order}");
        let cents = self.dice.between(100, 99_999);
        let event = format!(
            r#"{{"id":"{id}","name":"purchase","at":AT,"page":{{"url":"https://shop.example/thanks"}},"props":{{"transaction_id":"{order}","currency":"EUR","value":{}.{:02},"items":[{{"item_id":"mug-01","price":1.5,"quantity":1}}]}}}}"#,
            cents / 100,
            cents % 100
        );
        (id, event)
    }

    fn next_id(&mut self) -> String {
        self.number += 1;
        format!("{}-{:06}", self.name, self.number)
    }

    /// A visitor of their own each time: what one refuses must not silence another.
    fn user(&mut self, is_known: bool) -> String {
        let visitor = self.dice.roll();
        let digest = if is_known {
            let [a, b] = [self.dice.roll(), self.dice.roll()];
            format!(r#","em":["{a:016x}{b:016x}{a:016x}{visitor:016x}"]"#)
        } else {
            String::new()
        };
        let tail = visitor & 0xffff_ffff_ffff;
        format!(r#"{{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-{tail:012x}"{digest}}}"#)
    }
}

const fn taken() -> Expected {
    Expected::Taken(Owed::Delivery)
}

fn all(ids: Vec<String>, expected: Expected) -> Vec<(String, Expected)> {
    ids.into_iter().map(|id| (id, expected)).collect()
}

fn request(
    door: Door,
    allowed: Allowed,
    user: String,
    events: Vec<(String, Expected)>,
    bodies: Vec<String>,
) -> Request {
    Request {
        door,
        events,
        user,
        allowed,
        bodies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_sends_the_same() {
        let script = || Script::new("a", Dice::new(5));
        let (mut one, mut other) = (script(), script());
        for _ in 0..200 {
            assert_eq!(one.next_request(), other.next_request());
        }
    }

    #[test]
    fn an_order_comes_from_both_and_every_kind_comes() {
        let mut script = Script::new("a", Dice::new(5));
        let all: Vec<Request> = (0..1_000).map(|_| script.next_request()).collect();
        let has = |door, id: &str| {
            let of = all.iter().filter(|request| request.door == door);
            of.flat_map(|request| &request.events)
                .any(|(known, _)| known == id)
        };
        let orders = all.iter().flat_map(|request| &request.events);
        let both = orders
            .filter(|(id, _)| has(Door::Page, id) && has(Door::Backend, id))
            .count();
        assert!(both > 100, "{both}");
        for expected in [
            Expected::Taken(Owed::Delivery),
            Expected::Taken(Owed::Silence),
            Expected::Refused,
        ] {
            let mut events = all.iter().flat_map(|request| &request.events);
            assert!(events.any(|(_, of)| *of == expected), "{expected:?}");
        }
    }
}
