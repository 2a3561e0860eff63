//! The known word that somebody who wrote an unknown one most likely meant.

/// Returns the nearest of the known words, if one is near enough to be meant.
pub(crate) fn nearest<'k>(
    unknown: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    known
        .into_iter()
        .map(|word| (distance(unknown, word), word))
        .min()
        .filter(|(far, word)| *far <= word.len().max(3) / 2)
        .map(|(_, word)| word)
}

/// Edits (insert, delete, replace) between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = *slot;
            left = replaced.min(left + 1).min(diagonal + 1);
            *slot = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, want) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("lisen", "listen", 1),
            ("abc", "acb", 2),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn a_word_that_is_near_to_none_has_no_nearest() {
        let known = ["meta", "tiktok"];
        assert_eq!(nearest("mata", known), Some("meta"));
        assert_eq!(nearest("sendmail", known), None);
    }
}
