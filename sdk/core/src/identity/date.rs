//! Dates of birth in the spellings that forms produce.

use crate::text::{cut, is_digits};

/// Reads a date with a four-digit year and returns `YYYYMMDD`.
///
/// Orders: year first; else month first (`02/16/1997`, and `2/6/1997` is 6 February, as Meta's parameter builder has it), day first when
/// that makes no date. With dots the day comes first (`6.2.1997`): nobody writes months first with dots. Two-digit years are refused.
/// Eight digits in a row are cut where the year is.
pub(super) fn compact(raw: &str) -> Option<String> {
    if raw.len() == 8 && is_digits(raw) {
        let year_first = date(raw.get(..4)?, raw.get(4..6)?, raw.get(6..)?);
        return year_first.or_else(|| year_last(raw.get(4..)?, raw.get(..2)?, raw.get(2..4)?));
    }
    let separator = raw
        .bytes()
        .find(|b| matches!(b, b'/' | b'-' | b'.' | b' '))?;
    let (first, rest) = cut(raw, separator)?;
    let (second, third) = cut(rest, separator)?;
    date(first, second, third).or_else(|| {
        if separator == b'.' {
            year_last(third, second, first)
        } else {
            year_last(third, first, second)
        }
    })
}

/// A date whose month most likely is `month`, but may be `day`.
fn year_last(year: &str, month: &str, day: &str) -> Option<String> {
    date(year, month, day).or_else(|| date(year, day, month))
}

#[inline(never)]
fn date(year: &str, month: &str, day: &str) -> Option<String> {
    let is_shaped = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    if !is_shaped || !is_date(number(year)?, number(month)?, number(day)?) {
        return None;
    }
    let mut out = String::with_capacity(8);
    out.push_str(year);
    for digits in &[month, day] {
        if digits.len() == 1 {
            out.push('0');
        }
        out.push_str(digits);
    }
    Some(out)
}

#[inline(never)]
fn number(digits: &str) -> Option<u16> {
    if !is_digits(digits) {
        return None;
    }
    let value = digits
        .bytes()
        .fold(0, |value, b| value * 10 + u16::from(b & 15));
    Some(value)
}

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
