//! Telephone numbers to E.164, by calling code, trunk prefix and length: small, and checked against libphonenumber in the tests.
//!
//! What it does not know are area codes. So it never tells a valid number from an unassigned one of the right length, and it refuses
//! seven-digit local numbers of the Caribbean islands, which lack the area code. Toll-free and premium numbers name companies, not shoppers;
//! they pass where their length fits. International prefixes that name a carrier (`0015` in Brazil, `001` in Singapore) are refused.

use super::country::Country;
use super::regions::{self, Region, Trunk};
use crate::text::{after, is_space, lists, push_number, trim, trim_of};

/// E.164: at most 15 digits with the country code.
const MAX_DIGITS: usize = 15;
/// Digits that may be dialled: those of E.164 with an international prefix and a carrier before them.
const MAX_DIALLED: usize = 20;
/// An extension is only looked for after this many digits.
const MIN_SUBSCRIBER: usize = 4;
/// A number as long as this, written without trunk prefix, most likely starts with its country code when it seems to.
const LONG: usize = 11;
/// What may stand before an extension, beside nothing at all (after a comma or semicolon).
const EXTENSION_MARKS: &str = "# x ex ext extn xtn extension int anexo доб";
/// Without plus and default country, so many digits can only be an international number: national ones this long start with a zero.
const SURELY_INTERNATIONAL: usize = 12;

/// Brings a telephone number to E.164 (`+491711234567`).
///
/// Takes `+`, the international prefixes `00` and `011`, those of the default country (`010` in Japan, `0011` in Australia, `810` in Russia
/// and neighbours), a `(0)` after the country code, extensions (dropped), full-width and Arabic-Indic digits. A number without country code
/// is one of `default_country`; without that it is refused, unless it is a complete North American one or too long to be national.
pub fn e164(raw: &str, default_country: Option<Country>) -> Option<String> {
    let (digits, has_plus) = dialled(raw)?;
    let home = default_country.and_then(|c| regions::of_country(c.code()));
    let mut out = String::with_capacity(MAX_DIGITS + 1);
    let is_number = if has_plus {
        international(&digits, &mut out)
    } else if let Some(home) = home {
        from_abroad(&digits, home, &mut out)
            || with_bare_code(&digits, home, &mut out)
            || national(&digits, home, &mut out)
    } else {
        homeless(&digits, &mut out)
    };
    is_number.then_some(out)
}

/// Digits as dialled and whether a plus stands before them; nothing when the text is no telephone number.
fn dialled(raw: &str) -> Option<(String, bool)> {
    let mut text = trim(raw);
    if let Some((scheme, rest)) = text.split_at_checked(4)
        && scheme.eq_ignore_ascii_case("tel:")
    {
        text = rest;
    }
    let mut digits = String::with_capacity(MAX_DIALLED);
    let mut has_plus = false;
    for (at, c) in text.char_indices() {
        if let Some(digit) = ascii_digit(c) {
            if digits.len() == MAX_DIALLED {
                return None;
            }
            digits.push(digit);
        } else if matches!(c, '+' | '＋') && digits.is_empty() && !has_plus {
            has_plus = true;
        } else if is_separator(c) {
        } else if digits.len() >= MIN_SUBSCRIBER && is_extension(text.get(at..)?) {
            break;
        } else {
            return None;
        }
    }
    Some((digits, has_plus))
}

fn ascii_digit(c: char) -> Option<char> {
    let c = c as u32;
    for zero in [0x30, 0xff10, 0x660, 0x6f0, 0x966] {
        if (zero..zero + 10).contains(&c) {
            return char::from_u32(c - zero + 0x30);
        }
    }
    None
}

/// Punctuation between digits, and the invisible direction marks that copied numbers carry.
fn is_separator(c: char) -> bool {
    is_space(c)
        || matches!(
            c,
            '-' | '.' | '/' | '(' | ')' | '[' | ']' | '（' | '）' | '－' | '．' | '\u{ad}'
                | '\u{200b}'..='\u{200f}' | '\u{2010}'..='\u{2015}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
                | '\u{2066}'..='\u{2069}' | '\u{2212}' | '\u{30fc}'
        )
}

/// True for ` ext. 9`, `x9`, `#9`, `;ext=9`, `, 9` and the like, up to the end of the text.
fn is_extension(rest: &str) -> bool {
    let Some(at) = rest.bytes().position(|b| b.is_ascii_digit()) else {
        return false;
    };
    let (mark, number) = rest.split_at_checked(at).unwrap_or_default();
    let word = trim_of(mark, |c| {
        is_space(c) || matches!(c, ';' | ',' | '.' | ':' | '=')
    });
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    (word.is_empty() || lists(EXTENSION_MARKS, word))
        && digits <= 7
        && number.bytes().skip(digits).all(|b| b == b'#')
}

// Each of the following answers whether the digits are a number that it knows, and then leaves it in `out`.

/// A number without default country: only a prefix, North America's eleven digits or sheer length tell that a country code is there.
fn homeless(digits: &str, out: &mut String) -> bool {
    if let Some(rest) = after(digits, "00").or_else(|| after(digits, "011")) {
        return international(rest, out);
    }
    let north_american = digits.len() == 11
        && digits.starts_with('1')
        && !matches!(digits.as_bytes().get(4), Some(b'0' | b'1'));
    (north_american || digits.len() >= SURELY_INTERNATIONAL) && international(digits, out)
}

/// A number dialled with an international prefix.
fn from_abroad(digits: &str, home: Region, out: &mut String) -> bool {
    let own = match (home.calling_code, home.trunk) {
        (1, _) => "011",
        (61, _) => "0011",
        (81, _) => "010",
        (_, Trunk::Eight) => "810",
        _ => "00",
    };
    [own, "00"]
        .iter()
        .any(|prefix| after(digits, prefix).is_some_and(|rest| international(rest, out)))
}

/// A number that starts with its country code.
#[inline(never)]
fn international(digits: &str, out: &mut String) -> bool {
    let mut code = 0;
    for (at, b) in digits.bytes().enumerate().take(3) {
        code = code * 10 + u16::from(b & 15);
        if code == 0 {
            return false;
        }
        if let Some(plan) = regions::of_calling_code(code)
            && digits
                .get(at + 1..)
                .is_some_and(|rest| national(rest, plan, out))
        {
            return true;
        }
    }
    false
}

/// The country code of home written without plus or prefix. It is taken for one where the digits are no national number, where national
/// numbers start with a zero at home, or where they are too many for most of them: some plans are so wide that length does not tell.
fn with_bare_code(digits: &str, home: Region, out: &mut String) -> bool {
    out.clear();
    push_number(out, u64::from(home.calling_code));
    let Some(rest) = after(digits, out) else {
        return false;
    };
    let is_code = home.trunk == Trunk::Zero || digits.len() >= LONG || !fits(digits, home);
    is_code && national(rest, home, out)
}

/// A number as written at home, with or without trunk prefix.
#[inline(never)]
fn national(digits: &str, plan: Region, out: &mut String) -> bool {
    let Some(number) = without_trunk(digits, plan) else {
        return false;
    };
    // North American area codes start with 2 to 9.
    if plan.calling_code == 1 && matches!(number.as_bytes().first(), Some(b'0' | b'1')) {
        return false;
    }
    out.clear();
    out.push('+');
    push_number(out, u64::from(plan.calling_code));
    if plan.calling_code == 54 && number.len() == 12 {
        let Some((area, subscriber)) = argentine_mobile(number) else {
            return false;
        };
        out.push('9');
        out.push_str(area);
        out.push_str(subscriber);
    } else {
        out.push_str(number);
    }
    out.len() <= MAX_DIGITS + 1
}

/// Takes the trunk prefix off; what remains has a length that the plan allows.
fn without_trunk(digits: &str, plan: Region) -> Option<&str> {
    let always = plan.trunk == Trunk::Zero;
    let prefix = match plan.trunk {
        Trunk::Zero | Trunk::None => "0",
        Trunk::One => "1",
        Trunk::Eight => "8",
        Trunk::ZeroSix => "06",
    };
    let Some(stripped) = after(digits, prefix).filter(|_| always || !fits(digits, plan)) else {
        return Some(digits).filter(|number| fits(number, plan));
    };
    if always && stripped.starts_with('0') {
        return None;
    }
    if fits(stripped, plan) {
        return Some(stripped);
    }
    let further = match plan.calling_code {
        // Brazil: two digits name the carrier of a long-distance call.
        55 => stripped.get(2..),
        // Belarus: the trunk prefix is 8 or 80.
        375 => after(stripped, "0"),
        _ => None,
    };
    further.filter(|number| fits(number, plan))
}

/// True when the plan has national numbers of that length.
fn fits(number: &str, plan: Region) -> bool {
    u32::try_from(number.len()).is_ok_and(|len| {
        plan.lengths
            .checked_shr(len)
            .is_some_and(|bits| bits & 1 == 1)
    })
}

/// Area code and subscriber of an Argentine mobile number, which is written at home as area code, 15, number; from abroad as 9, area code,
/// number. Twelve digits hold the 15 in one place.
fn argentine_mobile(number: &str) -> Option<(&str, &str)> {
    let area_len = if after(number, "11").is_some() {
        2
    } else if number.get(3..5) == Some("15") {
        3
    } else {
        4
    };
    let (area, rest) = number.split_at_checked(area_len)?;
    Some((area, after(rest, "15")?))
}
