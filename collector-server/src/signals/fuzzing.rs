//! What the fuzz targets need of the counts. Built for them only (`--cfg fuzzing`).

use super::book::{Book, Brought};
use crate::config::SignalsSection;

/// Reads counts as a start does, goes on counting for an hour, and judges. Returns what would be written; `None` for what are no counts.
pub fn lived(text: &[u8], now_ms: i64) -> Option<String> {
    let mut book: Book = serde_json::from_slice(text).ok()?;
    book.arrange(["web"].into_iter(), &["newsletter".to_owned()]);
    let rules = SignalsSection::default().rules();
    let brought = Brought {
        names: &["purchase", "newsletter", "made_up"],
        duplicates: 1,
        refused: 1,
    };
    for at_ms in [now_ms, now_ms + 3_600_000] {
        book.add("web", brought, at_ms);
        let told = book.now(at_ms, &rules);
        assert_eq!(told.len(), 1, "sources are those of the configuration");
        for signal in book.signals(now_ms, at_ms, &rules) {
            assert!(!signal.words.is_empty());
        }
    }
    serde_json::to_string(&book).ok()
}
