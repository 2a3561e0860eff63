//! Recognises personal data where none belongs: e-mail addresses by their form, and the rest by the
//! names that shops give such parameters.

/// Names of parameters that hold a clear personal value. Compared without case and separators.
const PERSONAL_NAMES: [&str; 24] = [
    "email",
    "emailaddress",
    "mail",
    "phone",
    "phonenumber",
    "telephone",
    "mobile",
    "mobilenumber",
    "firstname",
    "lastname",
    "givenname",
    "familyname",
    "surname",
    "fullname",
    "customername",
    "street",
    "streetaddress",
    "address",
    "address1",
    "billingaddress",
    "shippingaddress",
    "dateofbirth",
    "birthday",
    "birthdate",
];

/// Whether a parameter's name says that its value is a clear personal one: `phone`, `First Name`,
/// `shipping_address`.
pub(super) fn names_personal_value(name: &str) -> bool {
    // No name above is longer, separators included.
    if name.len() > 24 {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    PERSONAL_NAMES.contains(&plain.as_str())
}

/// Whether a JSON text holds something personal: an e-mail address, or a text in quotes (a member's
/// name among them) that names a personal value.
pub(super) fn holds_personal_data(json: &str) -> bool {
    holds_email(json) || json.split('"').any(names_personal_value)
}

/// Whether a text holds something like an e-mail address: an at sign (plain, percent-encoded once or
/// twice, or as a JSON escape) after a word character and before a name with a dot.
pub(super) fn holds_email(text: &str) -> bool {
    // Nearly every text ends here.
    if !may_hold_email(text) {
        return false;
    }
    let bytes = text.as_bytes();
    let mut before = 0u8;
    for (at, b) in bytes.iter().enumerate() {
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some(after) = after_at_sign(rest)
            && is_word(before)
            && starts_like_a_domain(after)
        {
            return true;
        }
        before = *b;
    }
    false
}

/// Whether a text holds one of the characters that every spelling of an at sign begins with. Looks at each
/// byte without a branch, so that it costs next to nothing.
pub(super) fn may_hold_email(text: &str) -> bool {
    text.bytes()
        .fold(false, |found, b| found | matches!(b, b'@' | b'%' | b'\\'))
}

/// Returns what follows an at sign at the start of `rest`.
fn after_at_sign(rest: &[u8]) -> Option<&[u8]> {
    ["@", "%40", "%2540", "\\u0040"]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign.as_bytes()))
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'_' | b'-' | b'.' | b'+' | b'"')
}

/// A label, a dot, and two letters more.
fn starts_like_a_domain(text: &[u8]) -> bool {
    let name_len = text
        .iter()
        .take(253)
        .take_while(|b| b.is_ascii_alphanumeric() || **b >= 0x80 || matches!(b, b'-' | b'.'))
        .count();
    let name = text.get(..name_len).unwrap_or_default();
    name.iter()
        .enumerate()
        .filter(|(at, b)| *at > 0 && **b == b'.')
        .any(|(at, _)| {
            name.get(at + 1..).is_some_and(|tail| {
                tail.iter()
                    .take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80)
                    .count()
                    >= 2
            })
        })
}

#[cfg(test)]
mod tests {
    use super::{holds_email, holds_personal_data, names_personal_value};

    #[test]
    fn personal_parameters_are_seen_by_their_names() {
        for (name, want) in [
            ("phone", true),
            ("First Name", true),
            ("shipping_address", true),
            ("dateOfBirth", true),
            ("telephone_line_of_business", false),
            ("glaze", false),
            ("item_name", false),
            ("", false),
        ] {
            assert_eq!(names_personal_value(name), want, "{name}");
        }
        assert!(holds_personal_data(r#"{"a":[{"Phone":5}]}"#));
        assert!(!holds_personal_data(r#"{"a":[{"size":5}]}"#));
    }

    #[test]
    fn addresses_are_seen_in_every_spelling_and_little_else() {
        for (text, want) in [
            ("jane@example.com", true),
            ("https://x.test/a?e=jane%40example.com", true),
            ("jane%2540example.co", true),
            (r"jane\u0040example.com", true),
            ("mail jane.doe+x@sub.example.org now", true),
            ("jané@exämple.de", true),
            ("@handle", false),
            ("5 @ 3.50 EUR", false),
            ("mug@home", false),
            ("a@1.5", false),
            ("100%", false),
            ("", false),
        ] {
            assert_eq!(holds_email(text), want, "{text}");
        }
    }
}
