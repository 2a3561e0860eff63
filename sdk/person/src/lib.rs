//! Personal values become digests here.
//!
//! A module of its own, because most pages never know a person: it comes with the first `identify()` (`docs/decisions/0007-identity-on-demand.md`).
//! It keeps nothing: clear text goes in, digests come out.

use firsthand_core::identity::{Clear, Country, Digest, Field, Rules};
use firsthand_core::text::{cut, fields};
use wasm_bindgen::prelude::wasm_bindgen;

/// Half the size of the standard one, and it gives memory back.
#[cfg(all(target_family = "wasm", not(feature = "library")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[wasm_bindgen(module = "/src/host.js")]
extern "C" {
    fn lower(text: &str) -> String;
}

/// Name in the API, kind, and on the wire the key of the first and of the second form (`docs/wire.md`); empty where there is no second.
const FIELDS: [(&str, Field, &str, &str); 11] = [
    ("email", Field::Email, "em", "em_g"),
    ("phone", Field::Phone, "ph", "ph_e"),
    ("firstName", Field::FirstName, "fn", "fn_g"),
    ("lastName", Field::LastName, "ln", "ln_g"),
    ("city", Field::City, "ct", ""),
    ("state", Field::State, "st", ""),
    ("zip", Field::Zip, "zp", ""),
    ("country", Field::Country, "country", ""),
    ("dateOfBirth", Field::DateOfBirth, "db", ""),
    ("gender", Field::Gender, "ge", ""),
    ("externalId", Field::ExternalId, "xid", "xid_t"),
];

/// Reads `name<tab>value` lines and returns `key<tab>digest` lines; without a digest where there is none (any more). A last line, after an
/// empty one, names the values that were refused, separated by commas; the values are never shown.
///
/// `default_country` (ISO 3166-1) is that of phone numbers without a country code, unless a line `phoneCountry` says otherwise.
#[wasm_bindgen]
pub fn digest(lines: &str, default_country: &str) -> String {
    let values = || fields(lines, b'\n').filter_map(|line| cut(line, b'\t'));
    let mut country = Country::parse(default_country);
    for (name, value) in values() {
        if name == "phoneCountry" {
            country = Country::parse(value).or(country);
        }
    }
    let rules = Rules {
        lowercase: lower,
        default_country: country,
    };
    let mut out = String::new();
    let mut refused = String::new();
    for (name, value) in values() {
        let Some((_, field, first, second)) = FIELDS.iter().find(|(known, ..)| *known == name)
        else {
            continue;
        };
        let pair = rules.digests(*field, Clear::new(value));
        if pair.first.is_none() && pair.second.is_none() && !value.is_empty() {
            if !refused.is_empty() {
                refused.push(',');
            }
            refused.push_str(name);
        }
        push_line(&mut out, first, pair.first.as_ref());
        if !second.is_empty() {
            // Written only where it differs (docs/wire.md).
            let digest = pair.second.filter(|digest| pair.first != Some(*digest));
            push_line(&mut out, second, digest.as_ref());
        }
        if *field == Field::Email {
            let mailboxes = rules.mailboxes(Clear::new(value));
            for (key, form) in [("em_r", mailboxes.reddit), ("em_m", mailboxes.microsoft)] {
                let digest = form.filter(|digest| pair.first != Some(*digest));
                push_line(&mut out, key, digest.as_ref());
            }
        }
    }
    out.push('\n');
    out.push_str(&refused);
    out
}

fn push_line(out: &mut String, key: &str, digest: Option<&Digest>) {
    out.push_str(key);
    out.push('\t');
    if let Some(digest) = digest {
        out.push_str(&digest.hex());
    }
    out.push('\n');
}
