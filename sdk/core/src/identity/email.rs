//! What makes an e-mail address.

use super::text::is_space;

/// Splits at the only `@`; both halves are non-empty and nothing in them is white space.
pub(super) fn split(address: &str) -> Option<(&str, &str)> {
    if address.contains(is_space) {
        return None;
    }
    let (local, domain) = address.split_once('@')?;
    (!local.is_empty() && !domain.is_empty() && !domain.contains('@')).then_some((local, domain))
}

/// Checks an address the way Meta's Node SDK and parameter builder do, except that letters beyond ASCII pass.
pub(super) fn is_plausible(local: &str, domain: &str) -> bool {
    local.len() <= 64
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && domain
            .rsplit('.')
            .next()
            .is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()))
}

fn is_atom_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || b"!#$%&'*+/=?^_`{|}~-".contains(&b)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b >= 0x80)
}
