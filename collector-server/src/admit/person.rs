//! The user part of a request: clear values become digests, digests are checked, ids are bounded.

use std::borrow::Cow;

use firsthand_core::identity::{Clear, Country, Digest, Field, Rules, google, tiktok};
use firsthand_core::ids;
use firsthand_core::wire::{ClearKey, DigestKey, User};

use super::personal::holds_email;
use super::{Connection, Sender};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::{Identifier, MAX_DIGESTS};

/// Longest platform identifier and shop-own id, in bytes.
const MAX_ID_BYTES: usize = 512;

/// Whether a value that should be a digest or absent is clear text.
pub(super) fn holds_clear_values(user: &User<'_>) -> bool {
    !user.clear.is_empty()
        || user
            .digests
            .iter()
            .any(|(key, value)| is_clear_country(*key, value) || holds_email(value))
        || user.user_id.as_deref().is_some_and(holds_email)
        || user.anonymous_id.as_deref().is_some_and(holds_email)
}

fn is_clear_country(key: DigestKey, value: &str) -> bool {
    key == DigestKey::Country && value.len() == 2
}

/// Turns a trusted server's clear values into digests, and keeps some where a destination wants them. Returns how many were of no known form.
pub(super) fn settle_clear_values(
    user: &mut User<'_>,
    sender: &Sender,
    keeps_clear: bool,
) -> usize {
    // Ours alone: what a sender calls kept is not.
    user.kept.clear();
    if !sender.kind.is_trusted() {
        return 0;
    }
    if keeps_clear {
        keep_clear_values(user, sender);
    }
    digest_clear_values(user, sender)
}

/// Turns a trusted server's clear values into digests. Returns how many were of no known form.
pub(super) fn digest_clear_values(user: &mut User<'_>, sender: &Sender) -> usize {
    let mut clear = std::mem::take(&mut user.clear);
    user.digests.retain(|(key, value)| {
        if is_clear_country(*key, value) {
            clear.push((ClearKey::Country, value.clone()));
            return false;
        }
        true
    });
    // An e-mail address as the shop's own id is a digest too, never kept as it is.
    if let Some(id) = user.user_id.take_if(|id| holds_email(id)) {
        clear.push((ClearKey::ExternalId, id));
    }
    if clear.is_empty() {
        return 0;
    }
    let rules = Rules {
        lowercase: str::to_lowercase,
        default_country: phone_country(&clear, sender),
    };
    let mut dropped = 0;
    for (key, value) in &clear {
        let Some((field, first_key, second_key)) = keys_of(*key) else {
            continue;
        };
        let pair = rules.digests(field, Clear::new(value));
        if let Some(first) = pair.first {
            user.digests.push((first_key, Cow::Owned(first.hex())));
        }
        if let (Some(second_key), Some(second)) = (second_key, pair.second)
            && pair.first != pair.second
        {
            user.digests.push((second_key, Cow::Owned(second.hex())));
        }
        dropped += usize::from(pair.first.is_none() && pair.second.is_none());
        if field == Field::Email {
            let mailboxes = rules.mailboxes(Clear::new(value));
            for (key, form) in [
                (DigestKey::EmailReddit, mailboxes.reddit),
                (DigestKey::EmailMicrosoft, mailboxes.microsoft),
            ] {
                if let Some(form) = form.filter(|form| pair.first != Some(*form)) {
                    user.digests.push((key, Cow::Owned(form.hex())));
                }
            }
        }
    }
    dropped
}

fn phone_country(clear: &[(ClearKey, Cow<'_, str>)], sender: &Sender) -> Option<Country> {
    let country_of = |wanted: ClearKey| {
        clear
            .iter()
            .find(|(key, _)| *key == wanted)
            .and_then(|(_, value)| Country::parse(value))
    };
    country_of(ClearKey::PhoneCountry)
        .or_else(|| country_of(ClearKey::Country))
        .or(sender.default_phone_country)
}

/// Keeps a trusted server's e-mail address and phone number in clear, in the forms in which a destination that can use no digest wants them:
/// lower-case, E.164. What is a digest already is none of them.
fn keep_clear_values(user: &mut User<'_>, sender: &Sender) {
    let country = phone_country(&user.clear, sender);
    for (key, value) in &user.clear {
        let raw = Clear::new(value);
        let form = match key {
            ClearKey::Email => tiktok::email(raw, str::to_lowercase),
            ClearKey::Phone => google::phone(raw, country),
            _ => None,
        };
        if let Some(form) = form.filter(|form| !form.is_passed_through())
            && user.kept.iter().all(|(known, _)| known != key)
        {
            user.kept.push((*key, Cow::Owned(form.as_str().to_owned())));
        }
    }
}

/// Returns by what a request names its person, as it will be kept: a trusted server's clear values as digests,
/// `anonymous_id` as the connection decides it.
pub fn identifiers(
    ring: &KeyRing,
    user: &User<'_>,
    sender: &Sender,
    anonymous_id: Option<&str>,
) -> Vec<Identifier> {
    let holds_clear = !user.clear.is_empty() || user.user_id.as_deref().is_some_and(holds_email);
    let digested = (sender.kind.is_trusted() && holds_clear).then(|| {
        let mut user = user.clone();
        digest_clear_values(&mut user, sender);
        user
    });
    let user = digested.as_ref().unwrap_or(user);
    ring.identifiers_of(
        anonymous_id,
        user.user_id.as_deref().filter(|id| is_shop_id(id)),
        &user.digests,
    )
}

const fn keys_of(key: ClearKey) -> Option<(Field, DigestKey, Option<DigestKey>)> {
    Some(match key {
        ClearKey::Email => (Field::Email, DigestKey::Email, Some(DigestKey::EmailGoogle)),
        ClearKey::Phone => (Field::Phone, DigestKey::Phone, Some(DigestKey::PhoneE164)),
        ClearKey::PhoneCountry => return None,
        ClearKey::FirstName => (
            Field::FirstName,
            DigestKey::FirstName,
            Some(DigestKey::FirstNameGoogle),
        ),
        ClearKey::LastName => (
            Field::LastName,
            DigestKey::LastName,
            Some(DigestKey::LastNameGoogle),
        ),
        ClearKey::City => (Field::City, DigestKey::City, None),
        ClearKey::State => (Field::State, DigestKey::State, None),
        ClearKey::Zip => (Field::Zip, DigestKey::Zip, None),
        ClearKey::Country => (Field::Country, DigestKey::Country, None),
        ClearKey::DateOfBirth => (Field::DateOfBirth, DigestKey::DateOfBirth, None),
        ClearKey::Gender => (Field::Gender, DigestKey::Gender, None),
        ClearKey::ExternalId => (
            Field::ExternalId,
            DigestKey::ExternalId,
            Some(DigestKey::ExternalIdTrimmed),
        ),
    })
}

/// Adds other platforms' ids of the connection's cookies, which no page reads; where an arrival has a click id too, that of the arrival is
/// sent. Nothing here looks at consent; [`super::header::redact`] does.
pub(super) fn add_platform_ids<'a>(user: &mut User<'a>, connection: &Connection<'a>) {
    for (key, id) in &connection.platform_ids {
        user.browser.push((*key, Cow::Owned(id.clone())));
    }
}

/// Leaves out what is not of its form. Returns how many values went.
pub(super) fn cleanse<'a>(user: &mut User<'a>, connection: &Connection<'a>) -> usize {
    let before = user.digests.len() + user.browser.len();
    for (_, value) in &mut user.digests {
        let canonical = match Digest::canonical(value) {
            Some(Cow::Borrowed(_)) => continue,
            Some(Cow::Owned(hex)) => hex,
            None => String::new(),
        };
        *value = Cow::Owned(canonical);
    }
    // The keys are few and each has few values: looking through what is kept beats a table.
    for (key, value) in std::mem::take(&mut user.digests) {
        let same = user.digests.iter().filter(|(kept, _)| *kept == key);
        let is_new = !same.clone().any(|(_, kept)| *kept == value);
        if !value.is_empty() && is_new && same.count() < MAX_DIGESTS {
            user.digests.push((key, value));
        }
    }
    for (key, value) in std::mem::take(&mut user.browser) {
        let is_named = user.browser.iter().any(|(kept, _)| *kept == key);
        if !is_named && is_plain_id(&value) {
            user.browser.push((key, value));
        }
    }
    user.clear.clear();
    // Heard by the door, of no use in the log.
    user.is_reset = false;
    let after = user.digests.len() + user.browser.len();
    let mut dropped = before - after;
    if user.user_id.take_if(|id| !is_shop_id(id)).is_some() {
        dropped += 1;
    }
    if let Some(id) = &connection.anonymous_id {
        user.anonymous_id = Some(id.clone());
    } else if user.anonymous_id.take_if(|id| !ids::is_uuid(id)).is_some() {
        dropped += 1;
    }
    dropped
}

fn is_plain_id(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= MAX_ID_BYTES
        && value.bytes().all(|b| b.is_ascii_graphic())
        && !holds_email(value)
}

fn is_shop_id(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= MAX_ID_BYTES
        && !value.chars().any(char::is_control)
        && !holds_email(value)
}
