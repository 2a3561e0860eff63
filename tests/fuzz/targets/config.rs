//! Configuration files. What is wrong is said in words, and a secret that stands in the file is in none of them.
#![no_main]

use firsthand_collector::config::parse;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "s3cret-of-the-seed";

fuzz_target!(|text: &str| {
    let first = parse(text, "collector.toml");
    let Err(error) = first else { return };
    let words = error.to_string();
    assert!(!words.trim().is_empty());
    assert!(
        words.lines().all(|line| line.len() < 4096),
        "a whole file is no message"
    );
    assert!(!words.contains(SECRET), "a secret in an error: {words}");
    let again = parse(text, "collector.toml")
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert_eq!(again, Err(words), "the same file, other words");
});
