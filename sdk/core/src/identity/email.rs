//! What makes an e-mail address.

use crate::text::{SPACE, cut, fields, is_digits, without};

/// Splits at the only `@`; both halves are non-empty and nothing in them is white space.
#[inline(never)]
pub(super) fn split(address: &str) -> Option<(&str, &str)> {
    if without(address, SPACE).len() < address.len() {
        return None;
    }
    let (local, domain) = cut(address, b'@')?;
    (!local.is_empty() && !domain.is_empty() && cut(domain, b'@').is_none())
        .then_some((local, domain))
}

/// Cuts the user name of a plausible address at the first plus and keeps only some of its ASCII characters; all others stay.
#[inline(never)]
pub(super) fn reduced(address: &str, keeps: fn(u8) -> bool) -> Option<String> {
    let (local, domain) = split(address)?;
    if !is_plausible(local, domain) {
        return None;
    }
    let mut canonical = String::with_capacity(address.len());
    for c in fields(local, b'+').next()?.chars() {
        if !c.is_ascii() || u8::try_from(c).is_ok_and(keeps) {
            canonical.push(c);
        }
    }
    if canonical.is_empty() {
        return None;
    }
    canonical.push('@');
    canonical.push_str(domain);
    Some(canonical)
}

/// Checks an address the way Meta's Node SDK and parameter builder do, except that letters beyond ASCII pass.
pub(super) fn is_plausible(local: &str, domain: &str) -> bool {
    let is_local = local.len() <= 64 && fields(local, b'.').all(is_atom);
    let mut labels = 0;
    let mut top = "";
    for label in fields(domain, b'.') {
        if !is_label(label) {
            return false;
        }
        labels += 1;
        top = label;
    }
    let is_top = top.len() >= 2 && !is_digits(top);
    is_local && labels >= 2 && is_top && domain.len() <= 253
}

fn is_atom(atom: &str) -> bool {
    !atom.is_empty() && atom.bytes().all(is_atom_byte)
}

fn is_atom_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || b >= 0x80
        || matches!(
            b,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~'
        )
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    !label.is_empty()
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b >= 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atom_holds_what_rfc_5322_allows() {
        for b in 0..0x80_u8 {
            let want = b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
            assert_eq!(is_atom_byte(b), want, "{:?}", char::from(b));
        }
    }
}
