//! The shape of a platform's event as a table: which members there are, which must be, and of what form.
//!
//! A platform's folder holds the tables and says what it thinks of a [`Wrong`] in its own words. Nothing here ever puts a value it looked at
//! into a message.

use serde_json::{Map, Value};

use crate::check::{is_currency, is_ip, is_sha256_hex, is_web_url, looks_hashed};

/// The form of a member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Any text that is not empty.
    Text,
    /// A text of at most so many characters.
    Short(usize),
    /// A text that must not be hashed: click ids, ids of the browser, user agents.
    Plain,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list that holds nothing but these texts.
    ListOf(&'static [&'static str]),
    /// A JSON number, none below zero.
    Number,
    /// A number above zero in a text.
    NumberText,
    /// A JSON integer, none below zero.
    Integer,
    /// A JSON integer above zero.
    Positive,
    /// `true` or `false`.
    Bool,
    /// SHA-256 in 64 lower-case hex digits.
    Digest,
    /// A list of them.
    Digests,
    /// An address, v4 or v6.
    Ip,
    /// An absolute web address.
    Url,
    /// An ISO 4217 code in upper case.
    Currency,
    /// An object of these members.
    Object(&'static [Field]),
    /// A list of such objects.
    Objects(&'static [Field]),
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    key: &'static str,
    form: Form,
    is_required: bool,
}

/// A member that must be there.
pub(crate) const fn must(key: &'static str, form: Form) -> Field {
    Field {
        key,
        form,
        is_required: true,
    }
}

/// A member that may be there.
pub(crate) const fn may(key: &'static str, form: Form) -> Field {
    Field {
        key,
        form,
        is_required: false,
    }
}

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is not there.
    Missing,
    /// The platform has no such member.
    Unknown,
    /// It is not of its form; the words end a sentence that begins "must be".
    Form(&'static str),
}

/// One wrong member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where: `custom_data.contents[0].id`.
    pub(crate) path: String,
    /// What.
    pub(crate) problem: Problem,
}

impl Wrong {
    /// Makes one of a rule that is no table's.
    pub(crate) fn form(path: &str, words: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Form(words),
        }
    }
}

/// Returns the first wrong member of `value`, which must be an object of these members.
pub(crate) fn check(value: &Value, fields: &[Field]) -> Result<(), Wrong> {
    object(value, fields, "")
}

fn object(value: &Value, fields: &[Field], at: &str) -> Result<(), Wrong> {
    let Some(members) = value.as_object() else {
        return Err(Wrong::form(at, "an object"));
    };
    if let Some(key) = unknown(members, fields) {
        return Err(Wrong {
            path: join(at, &crate::meta::rules::short(key)),
            problem: Problem::Unknown,
        });
    }
    for field in fields {
        let path = join(at, field.key);
        match members.get(field.key) {
            Some(value) => form(value, field.form, &path)?,
            None if field.is_required => {
                return Err(Wrong {
                    path,
                    problem: Problem::Missing,
                });
            }
            None => {}
        }
    }
    Ok(())
}

fn unknown<'m>(members: &'m Map<String, Value>, fields: &[Field]) -> Option<&'m String> {
    members
        .keys()
        .find(|key| fields.iter().all(|field| field.key != key.as_str()))
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() {
        key.to_owned()
    } else {
        format!("{at}.{key}")
    }
}

fn form(value: &Value, form: Form, path: &str) -> Result<(), Wrong> {
    let text = |rule: &dyn Fn(&str) -> bool| value.as_str().is_some_and(rule);
    let texts = |rule: &dyn Fn(&str) -> bool| {
        value.as_array().is_some_and(|list| {
            !list.is_empty() && list.iter().all(|one| one.as_str().is_some_and(rule))
        })
    };
    let (is_good, words) = match form {
        Form::Text => (text(&|t| !t.is_empty()), "a text"),
        Form::Short(most) => (
            text(&|t| (1..=most).contains(&t.chars().count())),
            "a text within the limit of its length",
        ),
        Form::Plain => (
            text(&|t| !t.is_empty() && (t.len() != 64 || !looks_hashed(t))),
            "a text that is not hashed",
        ),
        Form::OneOf(words) => (text(&|t| words.contains(&t)), "one of the listed values"),
        Form::Texts => (texts(&|t| !t.is_empty()), "a list of texts"),
        Form::ListOf(words) => (
            texts(&|t| words.contains(&t)),
            "a list of the listed values",
        ),
        Form::Number => (value.as_f64().is_some_and(|n| n >= 0.0), "a number"),
        Form::NumberText => (
            text(&|t| {
                t.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && t.parse::<f64>().is_ok_and(f64::is_finite)
            }),
            "a number in a text",
        ),
        Form::Integer => (value.as_i64().is_some_and(|n| n >= 0), "an integer"),
        Form::Positive => (
            value.as_i64().is_some_and(|n| n > 0),
            "an integer above zero",
        ),
        Form::Bool => (value.is_boolean(), "a boolean"),
        Form::Digest => (text(&is_sha256_hex), "a SHA-256 digest in lower-case hex"),
        Form::Digests => (
            texts(&is_sha256_hex),
            "a list of SHA-256 digests in lower-case hex",
        ),
        Form::Ip => (text(&is_ip), "an IP address"),
        Form::Url => (text(&is_web_url), "a web address"),
        Form::Currency => (text(&is_currency), "an ISO 4217 currency"),
        Form::Object(fields) => return object(value, fields, path),
        Form::Objects(fields) => {
            let Some(list) = value.as_array() else {
                return Err(Wrong::form(path, "a list of objects"));
            };
            return list
                .iter()
                .enumerate()
                .try_for_each(|(index, one)| object(one, fields, &format!("{path}[{index}]")));
        }
    };
    if is_good {
        return Ok(());
    }
    Err(Wrong::form(path, words))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ITEM: &[Field] = &[must("id", Form::Text), may("price", Form::NumberText)];
    const EVENT: &[Field] = &[
        must("name", Form::OneOf(&["a", "b"])),
        may("items", Form::Objects(ITEM)),
        may("click", Form::Plain),
    ];

    #[test]
    fn the_first_wrong_member_is_named_with_its_place() {
        let digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
        for (event, want) in [
            (json!({"name": "a"}), None),
            (
                json!({"name": "a", "items": [{"id": "x", "price": "1.5"}]}),
                None,
            ),
            (json!(5), Some(("", Problem::Form("an object")))),
            (json!({}), Some(("name", Problem::Missing))),
            (
                json!({"name": "a", "pet": 1}),
                Some(("pet", Problem::Unknown)),
            ),
            (
                json!({"name": "c"}),
                Some(("name", Problem::Form("one of the listed values"))),
            ),
            (
                json!({"name": "a", "items": [{"id": "x"}, {"id": "y", "price": 1.5}]}),
                Some(("items[1].price", Problem::Form("a number in a text"))),
            ),
            (
                json!({"name": "a", "click": digest}),
                Some(("click", Problem::Form("a text that is not hashed"))),
            ),
        ] {
            let got = check(&event, EVENT).err();
            let got = got
                .as_ref()
                .map(|wrong| (wrong.path.as_str(), wrong.problem));
            assert_eq!(got, want, "{event}");
        }
    }
}
