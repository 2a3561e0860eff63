//! Where the visitor is, and what the law there says about an absent choice.
//!
//! Promises: nobody is asked outside of this process; a place that is unknown gets the strictest rule. Refuses to know addresses beyond the
//! one look-up: neither an address nor a place is logged or counted.
//!
//! | module | concept |
//! |---|---|
//! | `place` | a country and, where it is known, its subdivision (ISO 3166-2) |
//! | `law` | regime and duty to honour Global Privacy Control, by place |
//! | `database` | a local file in MaxMind's format |
//! | `rules` | headers, file and configuration together |

mod database;
mod law;
mod place;
mod rules;

pub use place::Place;
pub use rules::{Regions, is_code};

/// Looks up an address in the bytes of a database file, for a fuzz target.
#[cfg(fuzzing)]
pub fn place_in(file: Vec<u8>, address: std::net::IpAddr) -> Option<Place> {
    let database = database::Database::read(file).ok()?;
    Some(database.place(address))
}
