//! How the visitor got here: click ids, campaign labels, referrer, and the first and last of these arrivals.
//!
//! ```
//! use firsthand_core::touchpoint::{FirstLast, arrival};
//!
//! let page = "https://shop.example/p/mug?utm_source=news&gclid=Cj0KCQ&email=a@b.example#top";
//! let touch = arrival(page, "https://www.google.com/", &["shop.example"], 1_795_471_000_000).unwrap();
//! assert_eq!(touch.url, "https://shop.example/p/mug?utm_source=news");
//! assert_eq!(touch.click, [("gclid", "Cj0KCQ".to_owned())]);
//! let mut seen = FirstLast::default();
//! seen.record(touch, 90);
//! assert_eq!(seen.first, seen.last);
//! ```
//!
//! **Promises.** What is stored is allow-listed: of an address its origin, its path and the nine `utm_` labels ([`CAMPAIGN_LABELS`]); of
//! the rest of the query only the click ids that a platform needs back ([`CLICK_IDS`], at most 512 bytes each, case kept). Unknown
//! parameters are never copied: they carry e-mail addresses. What looks like an e-mail address in a path or label becomes `redacted`.
//! Ids that name a person (`mc_eid`, `mkt_tok`, `_kx` …) are never stored.
//! **Refuses** to write cookies: the page reads the platforms' own (`sdk/web/src/host.js`), the collector Google's ([`cookies`]).
//! **Does not know** consent or storage; time and the own hosts are passed in.
//!
//! [`channel`] and its host lists are for the collector and for reports. Nothing on the browser's path calls them, so the module that
//! goes to the browser does not carry them.

mod arrival;
pub mod channel;
mod channel_hosts;
mod click;
pub mod cookies;
mod fbc;
mod hosts;
mod redact;
mod stored_url;
mod url;

pub use arrival::{FirstLast, Touch, arrival};
pub use click::{
    CAMPAIGN_LABELS, CLICK_IDS, ClickId, Kind, Platform, campaign_label, click_id, stored_parameter,
};
pub use fbc::{MAX_FBCLID_BYTES, fbc, subdomain_index};
pub use stored_url::{MAX_URL_BYTES, clean_url};
