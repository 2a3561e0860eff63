//! Dates of birth in the spellings that forms produce.

use crate::text::{fields, is_digits};

/// Reads a date with a four-digit year and returns `YYYYMMDD`.
///
/// Orders: year first; else month first (`02/16/1997`, and `2/6/1997` is 6 February, as Meta's parameter builder has it), day first when
/// that makes no date. With dots the day comes first (`6.2.1997`): nobody writes months first with dots. Two-digit years are refused.
pub(super) fn compact(raw: &str) -> Option<String> {
    let (parts, dotted) = split(raw)?;
    let orders: [[usize; 3]; 3] = if dotted {
        [[0, 1, 2], [2, 1, 0], [2, 0, 1]]
    } else {
        [[0, 1, 2], [2, 0, 1], [2, 1, 0]]
    };
    orders.iter().find_map(|&[y, m, d]| {
        let (year, month, day) = (*parts.get(y)?, *parts.get(m)?, *parts.get(d)?);
        if year.len() != 4 || month.len() > 2 || day.len() > 2 {
            return None;
        }
        is_date(number(year)?, number(month)?, number(day)?).then(|| {
            let mut out = String::with_capacity(8);
            out.push_str(year);
            push_two(&mut out, month);
            push_two(&mut out, day);
            out
        })
    })
}

/// Three fields, and whether dots part them. Eight digits in a row are cut where the year is.
fn split(raw: &str) -> Option<([&str; 3], bool)> {
    if raw.len() == 8 && is_digits(raw) {
        let year_first = [raw.get(..4)?, raw.get(4..6)?, raw.get(6..)?];
        let year_last = [raw.get(..2)?, raw.get(2..4)?, raw.get(4..)?];
        let [y, m, d] = year_first;
        let fits = is_date(number(y)?, number(m)?, number(d)?);
        return Some((if fits { year_first } else { year_last }, false));
    }
    let separator = raw.bytes().find(|b| b"/-. ".contains(b))?;
    let mut rest = fields(raw, separator);
    let parts = [rest.next()?, rest.next()?, rest.next()?];
    rest.next().is_none().then_some((parts, separator == b'.'))
}

#[inline(never)]
fn number(digits: &str) -> Option<u16> {
    if !is_digits(digits) || digits.len() > 4 {
        return None;
    }
    let value = digits
        .bytes()
        .fold(0, |value, b| value * 10 + u16::from(b & 15));
    Some(value)
}

#[inline(never)]
fn is_date(year: u16, month: u16, day: u16) -> bool {
    let last = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1900..=2099).contains(&year) && (1..=last).contains(&day)
}

fn push_two(out: &mut String, digits: &str) {
    if digits.len() == 1 {
        out.push('0');
    }
    out.push_str(digits);
}
