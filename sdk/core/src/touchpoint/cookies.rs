//! Reads the cookies in which the ad platforms' tags keep click ids and their ids of the browser, for the collector: the page sends them by itself and reads none of them.

use crate::text::{after, cut, fields, is_digits, is_visible};

/// Longest cookie value that is believed, in bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// A `Cookie` header.
#[derive(Clone, Copy)]
pub struct Cookies<'a>(&'a str);

impl<'a> Cookies<'a> {
    /// Wraps the text; nothing is read yet.
    pub const fn new(header: &'a str) -> Self {
        Self(header)
    }

    /// Returns the raw value of the first cookie of that exact name.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.pairs()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
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

    /// The ids of other platforms as (name on the wire, value). The names of the cookies are the tags' own (Snapchat, Pinterest, Reddit, LinkedIn,
    /// Microsoft) or what server tags write (`twclid`, `_rdt_cid`).
    pub fn platform_ids(&self) -> Vec<(&'static str, String)> {
        const IDS: [(&str, &str, &str); 7] = [
            ("_epik", "", "epik"),
            ("_scid", "", "sc_cookie1"),
            ("_rdt_cid", "", "rdt_cid"),
            ("_rdt_uuid", "", "rdt_uuid"),
            ("li_fat_id", "", "li_fat_id"),
            // The click id with a mark of the tag before it.
            ("_uetmsclkid", "_uet", "msclkid"),
            ("twclid", "", "twclid"),
        ];
        IDS.into_iter()
            .filter_map(|(cookie, mark, name)| {
                let id = after(self.get(cookie)?, mark)?;
                is_visible(id).then(|| (name, id.to_owned()))
            })
            .collect()
    }

    fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        fields(self.0, b';').filter_map(|pair| {
            let (name, value) = cut(pair, b'=')?;
            let value = value.trim_ascii();
            (value.len() <= MAX_VALUE_BYTES).then_some((name.trim_ascii(), value))
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_other_platforms_are_read_as_they_are() {
        let cookies = Cookies::new(
            "_epik=dj0y-9; _scid=8d0c; _rdt_uuid=1795471000000.6f0a; li_fat_id=df5gf5-gh; _uetmsclkid=_uetdd4a; twclid=23op; _rdt_cid=",
        );
        let want = [
            ("epik", "dj0y-9"),
            ("sc_cookie1", "8d0c"),
            ("rdt_uuid", "1795471000000.6f0a"),
            ("li_fat_id", "df5gf5-gh"),
            ("msclkid", "dd4a"),
            ("twclid", "23op"),
        ];
        assert_eq!(
            cookies.platform_ids(),
            want.map(|(name, id)| (name, id.to_owned()))
        );
        let foreign = Cookies::new("_uetmsclkid=dd4a; xli_fat_id=1; _scid=a b");
        assert_eq!(foreign.platform_ids(), []);
    }

    #[test]
    fn click_ids_are_read_by_the_exact_name_of_their_cookie() {
        let cookies = Cookies::new(
            "x_gcl_aw=no; _gcl_aw=GCL.1700000000.Cj0_a-b; _gcl_gb=2.1.kAbC$i1700000000; bare",
        );
        let clicks = [
            ("gclid", "Cj0_a-b".to_owned()),
            ("wbraid", "AbC".to_owned()),
        ];
        assert_eq!(cookies.google_clicks("wbraid"), clicks);
        for broken in ["_gcl_aw=GCL.x.y", "_gcl_gb=2.1.i1$x2", "_gcl_aw=", ""] {
            assert_eq!(Cookies::new(broken).google_clicks("wbraid"), [], "{broken}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(header in "[ -~]{0,60}|\\PC{0,60}") {
            let _ = Cookies::new(&header).google_clicks("gbraid");
        }
    }
}
