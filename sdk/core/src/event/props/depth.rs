//! How deeply a JSON text is nested.

/// Whether a JSON text nests objects and arrays more than `limit` deep. Looks at nothing but its brackets.
///
/// Few brackets cannot nest deeply, and counting them costs next to nothing: nearly every text ends there.
pub fn is_deeper_than(json: &str, limit: usize) -> bool {
    let brackets = json.bytes().filter(|b| matches!(b, b'{' | b'[')).count();
    brackets > limit && deepest(json) > limit
}

fn deepest(json: &str) -> usize {
    let mut deepest = 0usize;
    let mut level = 0usize;
    let mut in_text = false;
    let mut is_escaped = false;
    for b in json.bytes() {
        if in_text {
            if is_escaped {
                is_escaped = false;
            } else if b == b'\\' {
                is_escaped = true;
            } else if b == b'"' {
                in_text = false;
            }
            continue;
        }
        match b {
            b'"' => in_text = true,
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::is_deeper_than;

    #[test]
    fn brackets_in_texts_do_not_count() {
        assert!(is_deeper_than("[[[1]]]", 2));
        assert!(!is_deeper_than("[[[1]]]", 3));
        assert!(!is_deeper_than(r#"["[[[","\"[[["]"#, 1));
    }
}
