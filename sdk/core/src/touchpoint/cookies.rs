//! Reads the platforms' own cookies. They are never written, invented or extended here.

use super::redact::percent_decode;
use crate::text::{after, cut, fields, is_digits, is_visible};

/// Longest cookie value that is believed, in bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// A `Cookie` header or `document.cookie`.
#[derive(Clone, Copy)]
pub struct Cookies<'a>(&'a str);

impl<'a> Cookies<'a> {
    /// Wraps the text; nothing is read yet.
    pub const fn new(header: &'a str) -> Self {
        Self(header)
    }

    /// Returns the raw value of the first cookie of that exact name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.pairs()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Meta's browser id (`_fbp`), untouched: four parts, or five with the parameter builder's appendix.
    pub fn fbp(&self) -> Option<String> {
        self.meta("_fbp")
    }

    /// Meta's click id (`_fbc`), untouched, case kept; parts as [`Self::fbp`].
    pub fn fbc(&self) -> Option<String> {
        self.meta("_fbc")
    }

    /// TikTok's click id (`ttclid`).
    pub fn ttclid(&self) -> Option<String> {
        self.opaque("ttclid")
    }

    /// TikTok's browser id (`_ttp`).
    pub fn ttp(&self) -> Option<String> {
        self.opaque("_ttp")
    }

    /// Google Analytics client id: the last two parts of `_ga`.
    pub fn ga_client(&self) -> Option<String> {
        let value = self.get("_ga")?;
        let [mut version, mut depth, mut random, mut seconds] = [""; 4];
        for part in fields(value, b'.') {
            (version, depth, random, seconds) = (depth, random, seconds, part);
        }
        if after(version, "GA").is_none()
            || depth.is_empty()
            || !is_number(random)
            || !is_number(seconds)
        {
            return None;
        }
        let mut out = String::with_capacity(random.len() + seconds.len() + 1);
        out.push_str(random);
        out.push('.');
        out.push_str(seconds);
        Some(out)
    }

    /// Google Analytics session id, from `_ga_<id>` in either format (`GS1`, `GS2`).
    ///
    /// `measurement_id` (`G-ABC123`) chooses between several streams; without it the first readable cookie counts.
    pub fn ga_session(&self, measurement_id: Option<&str>) -> Option<String> {
        let wanted = measurement_id.map(|id| after(id, "G-").unwrap_or(id));
        self.pairs()
            .filter(|(name, _)| {
                after(name, "_ga_").is_some_and(|id| wanted.is_none_or(|wanted| wanted == id))
            })
            .find_map(|(_, value)| session_id(value))
            .map(str::to_owned)
    }

    /// Google's click ids as (parameter name, value), a fallback for when none was seen in an address.
    ///
    /// `_gcl_aw` holds a `gclid`. Which of its two ids `_gcl_gb` holds is not documented, so the caller says (`wbraid` or `gbraid`).
    pub fn google_clicks(&self, gcl_gb_parameter: &'static str) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (cookie, parameter) in [("_gcl_aw", "gclid"), ("_gcl_gb", gcl_gb_parameter)] {
            if let Some(id) = self.get(cookie).and_then(google_click) {
                found.push((parameter, id.to_owned()));
            }
        }
        found
    }

    fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        fields(self.0, b';').filter_map(|pair| {
            let (name, value) = cut(pair, b'=')?;
            let value = value.trim_ascii();
            (value.len() <= MAX_VALUE_BYTES).then_some((name.trim_ascii(), value))
        })
    }

    fn opaque(&self, name: &str) -> Option<String> {
        let value = percent_decode(self.get(name)?, false)?;
        is_visible(&value).then_some(value)
    }

    fn meta(&self, name: &str) -> Option<String> {
        let value = self.opaque(name)?;
        let mut parts = fields(&value, b'.');
        let shaped = parts.next() == Some("fb")
            && parts
                .next()
                .is_some_and(|index| index.len() <= 2 && is_number(index))
            && parts.next().is_some_and(is_number)
            && parts.next().is_some_and(|id| !id.is_empty())
            && parts.next().is_none_or(is_appendix)
            && parts.next().is_none();
        shaped.then_some(value)
    }
}

/// The parameter builder's fifth part: eight base64url characters, two in its older form.
fn is_appendix(part: &str) -> bool {
    matches!(part.len(), 2 | 8)
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `GS1.1.{session}.{count}…` or `GS2.1.s{session}$o{count}$…`, whatever other letters follow.
fn session_id(value: &str) -> Option<&str> {
    let (version, rest) = cut(value, b'.')?;
    let (_depth, rest) = cut(rest, b'.')?;
    let session = match version {
        "GS1" => fields(rest, b'.').next()?,
        "GS2" => fields(rest, b'$').find_map(|field| after(field, "s"))?,
        _ => return None,
    };
    is_number(session).then_some(session)
}

/// `GCL.{seconds}.{click id}`, or the keyed form `2.1.k{click id}$i{seconds}`.
fn google_click(value: &str) -> Option<&str> {
    let (version, rest) = cut(value, b'.')?;
    let (second, rest) = cut(rest, b'.')?;
    let id = match version {
        "GCL" if is_number(second) => rest,
        "2" => fields(rest, b'$').find_map(|field| after(field, "k"))?,
        _ => return None,
    };
    is_visible(id).then_some(id)
}

fn is_number(text: &str) -> bool {
    text.len() <= 20 && is_digits(text)
}
