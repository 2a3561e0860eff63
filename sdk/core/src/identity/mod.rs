//! Personal values become match keys: normalise, then SHA-256.
//!
//! The ad platforms compare digests, so both sides must bring a value to the same form before hashing, and they disagree about the form.
//! This module knows the forms; it runs in the page (so clear text never leaves it) and at the collector's door (for trusted servers).
//!
//! ```
//! use firsthand_core::identity::{Clear, Country, Field, Rules};
//!
//! let rules = Rules { lowercase: str::to_lowercase, default_country: Country::parse("DE") };
//! let email = rules.digests(Field::Email, Clear::new(" Jane.Doe+News@Gmail.com "));
//! assert_ne!(email.first, email.second); // Google drops dots and the plus tag of Gmail addresses
//! let phone = rules.digests(Field::Phone, Clear::new("0171 1234567"));
//! assert!(phone.first.is_some());
//! ```
//!
//! | field | `first` (wire key) | `second` (wire key) |
//! |---|---|---|
//! | e-mail | Meta and TikTok: trimmed, lower-case (`em`) | Google: Gmail dots and plus tag removed (`em_g`) |
//! | phone | Meta: digits with country code (`ph`) | Google, TikTok: E.164 with plus (`ph_e`) |
//! | first, last name | Meta: no punctuation, no white space (`fn`, `ln`) | Google: both kept (`fn_g`, `ln_g`) |
//! | city, state, zip, country, date of birth, gender | Meta (`ct` `st` `zp` `country` `db` `ge`) | none |
//! | external id | Meta: lower-case, no white space (`xid`) | TikTok: trimmed only (`xid_t`) |
//!
//! E-mail has two more forms ([`Rules::mailboxes`]): Reddit's (`em_r`) and Microsoft's (`em_m`).
//!
//! **Promises.** A value that is a SHA-256 digest already (64 hex digits, any case) passes through in lower case and is never hashed again.
//! Nothing panics, allocates more than a small multiple of its input, or reveals clear text: [`Clear`] and [`Normalized`] print as `***`.
//! **Refuses.** What cannot be brought to a form gives `None`, never a digest that matches nobody: a phone number without a country, an e-mail
//! address without a domain, an unknown country. An MD5 digest (32 hex digits) is refused too: Meta alone takes it, hashing it would be a
//! digest of a digest, and [`Digest`] holds SHA-256 only. (An external id of that shape is an ordinary id and is hashed.)
//! **Does not know** consent, events or where the digest goes.
//!
//! Everything here is written for wasm size: no formatting, no Unicode tables. Lower-casing is passed in ([`Lowercase`]).

mod clear;
mod country;
mod date;
mod email;
pub mod google;
pub mod meta;
pub mod microsoft;
mod phone;
pub mod reddit;
mod regions;
mod rules;
mod state;
pub mod tiktok;

pub use clear::{Clear, Digest, Normalized};
pub use country::Country;
pub use phone::e164;
pub use rules::{Field, Lowercase, Mailboxes, Pair, Rules};
