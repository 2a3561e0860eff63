//! Event ids.
//!
//! Every event has one id in all its copies. Most are UUIDv7 (RFC 9562), made where the event
//! happens. A purchase and a refund derive theirs from the shop's own order number, in clear, so that
//! the page, the backend and a shop-system webhook name the same event without talking to each other
//! and anyone can compute it by hand: `purchase:1001`, `refund:1001:7`.

use crate::text::{after, cut, is_visible, is_white_space, trim_of};

/// Longest event id, in bytes.
pub const MAX_EVENT_ID_BYTES: usize = 160;
/// Longest transaction id and refund id, in bytes (Google: `transaction_id` up to 100 characters).
pub const MAX_TRANSACTION_ID_BYTES: usize = 64;

/// Returns a UUIDv7: 48 bits of milliseconds since 1970, then 74 random bits.
pub fn uuid_v7(now_ms: i64, random: [u8; 10]) -> String {
    let [_, _, t0, t1, t2, t3, t4, t5] = now_ms.max(0).to_be_bytes();
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
    // Version and variant.
    let (r0, r2) = (r0 & 0x0f | 0x70, r2 & 0x3f | 0x80);
    let bytes = [
        t0, t1, t2, t3, t4, t5, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9,
    ];
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        push_hex(&mut out, *byte);
    }
    out
}

/// Whether `text` is a UUID in its usual form: 8-4-4-4-12 lower-case hex digits.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, b)| match index {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

/// Appends two lower-case hex digits.
#[inline(never)]
pub fn push_hex(out: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 0x0f] {
        let base = if nibble < 10 { b'0' } else { b'a' - 10 };
        out.push(char::from(base + nibble));
    }
}

/// Whether `id` may be an event id: 1 to 160 printable ASCII characters without spaces, and no `@`
/// (an id must not be an e-mail address).
pub fn is_valid_event_id(id: &str) -> bool {
    id.len() <= MAX_EVENT_ID_BYTES && is_visible(id) && cut(id, b'@').is_none()
}

/// Brings the spellings of one order number to one form: surrounding white space, a leading `#` and a
/// Shopify global id's prefix go. Returns `None` when nothing is left, when it is longer than
/// [`MAX_TRANSACTION_ID_BYTES`], or when it holds spaces, an `@` or anything but printable ASCII (an
/// order number must not be personal data).
#[inline(never)]
pub fn canonical_order_id(raw: &str) -> Option<&str> {
    let mut id = trim_of(raw, is_white_space);
    for prefix in &["gid://shopify/Order/", "gid://shopify/Refund/", "#"] {
        id = after(id, prefix).unwrap_or(id);
    }
    (id.len() <= MAX_TRANSACTION_ID_BYTES && is_valid_event_id(id)).then_some(id)
}

/// Returns the id that every source of this event derives alike, if its (canonical) name and ids name
/// one: `purchase:<transaction id>` or `refund:<transaction id>:<refund id>`. A refund without a refund
/// id is a refund of the whole order, `refund:<transaction id>`.
pub fn derived_event_id(
    name: &str,
    transaction_id: Option<&str>,
    refund_id: Option<&str>,
) -> Option<String> {
    if name != "purchase" && name != "refund" {
        return None;
    }
    let transaction = canonical_order_id(transaction_id?)?;
    let mut id = String::with_capacity(name.len() + transaction.len() + 24);
    id.push_str(name);
    id.push(':');
    id.push_str(transaction);
    if name == "refund"
        && let Some(refund) = refund_id.and_then(canonical_order_id)
    {
        id.push(':');
        id.push_str(refund);
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuid_v7_holds_the_time_and_the_version() {
        // RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
        let id = uuid_v7(
            1_645_557_742_000,
            [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f],
        );
        assert_eq!(id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert!(is_uuid(&id) && is_valid_event_id(&id));
    }

    #[test]
    fn one_order_has_one_id_in_all_its_spellings() {
        for raw in ["1001", " 1001 ", "#1001", "gid://shopify/Order/1001"] {
            assert_eq!(
                derived_event_id("purchase", Some(raw), None).as_deref(),
                Some("purchase:1001"),
                "{raw}"
            );
        }
    }

    #[test]
    fn a_refund_is_named_by_order_and_refund() {
        for (transaction, refund, want) in [
            (Some("1001"), Some("7"), Some("refund:1001:7")),
            (Some("1001"), None, Some("refund:1001")),
            (None, Some("7"), None),
        ] {
            assert_eq!(
                derived_event_id("refund", transaction, refund).as_deref(),
                want
            );
        }
    }

    #[test]
    fn what_names_no_order_derives_nothing() {
        for (name, transaction) in [
            ("add_to_cart", Some("1001")),
            ("purchase", None),
            ("purchase", Some("")),
            ("purchase", Some("#")),
            ("purchase", Some("jane@example.com")),
            ("purchase", Some("a b")),
        ] {
            assert_eq!(derived_event_id(name, transaction, None), None, "{name}");
        }
    }
}
