//! Personal values by the names that shops and SDKs give them.

use std::borrow::Cow;

use firsthand_core::wire::{ClearKey, User};

use crate::json::{Members, filled, word};

/// What a member of this name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Personal {
    Value(ClearKey),
    FullName,
    Address,
    /// Personal, and of no use to any platform.
    Unused,
}

/// Names are compared without case and separators, so `firstName` and `first_name` are one.
fn personal(name: &str) -> Option<Personal> {
    // No name below is longer, separators included.
    if name.len() > 24 {
        return None;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "email" | "emailaddress" | "mail" => Personal::Value(ClearKey::Email),
        "phone" | "phonenumber" | "telephone" | "mobile" | "mobilenumber" => {
            Personal::Value(ClearKey::Phone)
        }
        "firstname" | "givenname" => Personal::Value(ClearKey::FirstName),
        "lastname" | "familyname" | "surname" => Personal::Value(ClearKey::LastName),
        "birthday" | "birthdate" | "dateofbirth" => Personal::Value(ClearKey::DateOfBirth),
        "fullname" | "customername" => Personal::FullName,
        "address" | "billingaddress" | "shippingaddress" => Personal::Address,
        "street" | "streetaddress" | "address1" | "address2" => Personal::Unused,
        _ => return None,
    })
}

/// Takes the traits of a person (Segment's names).
pub(crate) fn take_traits<'a>(user: &mut User<'a>, traits: &Members<'a>) {
    for (name, raw) in &traits.0 {
        if !take(user, name, raw) {
            let key = match name.as_ref() {
                "gender" => ClearKey::Gender,
                "city" => ClearKey::City,
                "state" => ClearKey::State,
                "name" => {
                    push_name(user, raw);
                    continue;
                }
                _ => continue,
            };
            push(user, key, word(raw));
        }
    }
}

/// Takes a member if its name says that it is personal. Returns whether it was.
pub(crate) fn take<'a>(user: &mut User<'a>, name: &str, raw: &'a str) -> bool {
    // A flag such as `mobile: true` names nobody.
    if matches!(raw, "true" | "false") {
        return false;
    }
    let Some(what) = personal(name) else {
        return false;
    };
    match what {
        Personal::Value(key) => push(user, key, word(raw)),
        Personal::FullName => push_name(user, raw),
        Personal::Address => {
            if let Ok(address) = serde_json::from_str::<Members<'_>>(raw) {
                take_address(user, &address);
            }
        }
        Personal::Unused => {}
    }
    true
}

/// Takes the parts of an address that platforms match by. The first address of a message counts.
pub(crate) fn take_address<'a>(user: &mut User<'a>, address: &Members<'a>) {
    for (key, names) in [
        (ClearKey::City, &["city"][..]),
        (
            ClearKey::State,
            &["state", "province_code", "province", "region"][..],
        ),
        (
            ClearKey::Zip,
            &["postalCode", "postal_code", "postcode", "zip", "zipcode"][..],
        ),
        (
            ClearKey::Country,
            &["country_code", "countryCode", "country"][..],
        ),
    ] {
        let value = names.iter().find_map(|name| address.word(name));
        push(user, key, value);
    }
}

fn push_name<'a>(user: &mut User<'a>, raw: &'a str) {
    if let Some(name) = word(raw) {
        take_full_name(user, &name);
    }
}

/// Takes a name that is written as one: the first word is the first name, the last word the last.
pub(crate) fn take_full_name(user: &mut User<'_>, name: &str) {
    let mut words = name.split_whitespace();
    let first = words.next().map(|word| Cow::Owned(word.to_owned()));
    let last = words.next_back().map(|word| Cow::Owned(word.to_owned()));
    push(user, ClearKey::FirstName, first);
    push(user, ClearKey::LastName, last);
}

/// Keeps a value unless there is one of its kind: a message's nearest word comes first.
pub(crate) fn push<'a>(user: &mut User<'a>, key: ClearKey, value: Option<Cow<'a, str>>) {
    if let Some(value) = value.and_then(filled)
        && !user.clear.iter().any(|(known, _)| *known == key)
    {
        user.clear.push((key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_members_are_known_by_every_usual_name() {
        let traits: Members<'_> = serde_json::from_str(
            r#"{"Email":"a@b.test","phone":4917,"name":"Ada M. Lovelace","birthday":"1990-01-02","plan":"gold","gender":"f",
                "address":{"street":"Ring 1","city":"Wien","postalCode":1010,"country":"AT"},"lastName":" "}"#,
        )
        .unwrap();
        let mut user = User::default();
        take_traits(&mut user, &traits);
        let text = |key| {
            let found = user.clear.iter().find(|(known, _)| *known == key);
            found.map(|(_, value)| value.as_ref())
        };
        for (key, want) in [
            (ClearKey::Email, Some("a@b.test")),
            (ClearKey::Phone, Some("4917")),
            (ClearKey::FirstName, Some("Ada")),
            (ClearKey::LastName, Some("Lovelace")),
            (ClearKey::DateOfBirth, Some("1990-01-02")),
            (ClearKey::Gender, Some("f")),
            (ClearKey::City, Some("Wien")),
            (ClearKey::Zip, Some("1010")),
            (ClearKey::Country, Some("AT")),
            (ClearKey::State, None),
        ] {
            assert_eq!(text(key), want, "{}", key.as_str());
        }
        assert!(!take(&mut user, "mobile", "true"), "a flag names nobody");
    }
}
