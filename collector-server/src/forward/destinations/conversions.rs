//! What platforms share that have no names of events but ids of conversions that somebody made there, and no flag by which to ask for limited
//! use: the map of names to ids, and who is not sent at all.

use std::collections::BTreeMap;

use firsthand_core::catalogue;

use crate::forward::config::{Checks, ConfigError};
use crate::forward::consent::Permission;
use crate::forward::names::Skip;

const KEY: &str = "conversions";

/// Checks the map; `problem` says what an id must be.
pub(super) fn validate(
    checks: &Checks<'_>,
    map: &BTreeMap<String, String>,
    is_id: fn(&str) -> bool,
    problem: &str,
) -> Result<(), ConfigError> {
    checks.require(
        KEY,
        !map.is_empty(),
        "must name at least one, such as conversions = { purchase = \"…\" }: other events are not sent",
    )?;
    for (name, id) in map {
        let key = format!("{KEY}.{name}");
        let is_fine = catalogue::is_valid(name)
            && catalogue::canonical(name) == name.as_str()
            && !catalogue::is_profile_call(name)
            && name != "refund";
        checks.require(
            &key,
            is_fine,
            "is no event that can be a conversion: write a canonical name such as purchase",
        )?;
        checks.require(&key, is_id(id), problem)?;
    }
    Ok(())
}

/// Returns the id of an event's conversion, or why the event is not sent.
pub(super) fn of<'c>(map: &'c BTreeMap<String, String>, name: &str) -> Result<&'c str, Skip> {
    map.get(name).map(String::as_str).ok_or_else(|| {
        Skip::new(
            "no_such_event",
            format!("no conversion is configured for {name}"),
        )
    })
}

/// Refuses an event of a visitor who asks not to be sold: elsewhere it would go out with a flag.
pub(super) fn refuse_gpc(is_sent_all_the_same: bool, permission: &Permission) -> Result<(), Skip> {
    if permission.gpc && !is_sent_all_the_same {
        return Err(Skip::new(
            "opted_out",
            "global privacy control, and the platform has no flag for limited use",
        ));
    }
    Ok(())
}
