//! What TikTok checks in `user`: which keys are digests and which are not.

use serde_json::{Map, Value};

use super::rules::{NOT_STRING, UNKNOWN, Verdict, invalid};
use crate::check::{is_ip, is_sha256_hex, looks_hashed, one_or_many};
use crate::meta::rules::short;

const NOT_DIGEST: &str = "Not a valid SHA-256 digest, 64 lower-case hex digits expected";
const HASHED: &str = "Must not be hashed";

/// Checks one event's `user` at the path `at`.
pub(crate) fn check_user(user: &Map<String, Value>, at: &str) -> Verdict {
    for (key, value) in user {
        let complaint = match key.as_str() {
            "email" | "phone" | "external_id" | "first_name" | "last_name" | "zip_code" => {
                (!one_or_many(value, is_sha256_hex)).then_some(NOT_DIGEST)
            }
            "ip" => (!value.as_str().is_some_and(is_ip)).then_some("Not a valid IP address"),
            "ttclid" | "ttp" | "user_agent" | "city" | "state" | "country" | "locale" | "idfa"
            | "idfv" | "gaid" | "att_status" => match value.as_str() {
                None | Some("") => Some(NOT_STRING),
                Some(text) if looks_hashed(text) => Some(HASHED),
                Some(_) => None,
            },
            _ => Some(UNKNOWN),
        };
        if let Some(reason) = complaint {
            return Err(invalid(&format!("{at}.{}", short(key)), reason));
        }
    }
    Ok(())
}
