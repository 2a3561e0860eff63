//! A page for the fuzz targets: the module with a browser in memory. Built for them only (`--cfg fuzzing`).

use crate::host::memory::{Browser, with};
use crate::{call, step};

/// Steps that are answers to what the module asked for: [`Page::answer`] takes them.
const ANSWERS: [u32; 2] = [step::LOCKED, step::SENT];

/// A page of this thread. A new one finds what the one before has left in the storage.
#[derive(Debug)]
pub struct Page(());

impl Page {
    /// A browser that keeps nothing yet, at a time in epoch milliseconds.
    pub fn fresh(now_ms: f64, gpc: bool) -> Self {
        let fresh = Browser {
            now_ms,
            gpc,
            ..Browser::default()
        };
        with(|browser| *browser = fresh);
        Self(())
    }

    /// Starts the module with its options, one a line.
    pub fn start(&self, options: &str) {
        with(|browser| {
            browser.is_sending = false;
            browser.is_locking = false;
        });
        call(step::START, options, 0.0);
        call(
            step::NAVIGATE,
            "https://shop.example/?gclid=Cj0\nhttps://google.com/",
            0.0,
        );
    }

    /// Edits the storage, as a hand or another script may.
    pub fn edit(&self, key: &str, value: &str) {
        with(|browser| browser.storage.insert(key.to_owned(), value.to_owned()));
    }

    /// Takes a step that asks, as the page or the browser does.
    pub fn step(&self, number: u32, text: &str, value: f64) {
        if number != step::START && !ANSWERS.contains(&number) {
            call(number, text, value);
        }
    }

    /// Gives the right to send where it was asked for, and answers a request with a status. Returns whether anything was asked.
    pub fn answer(&self, status: i64) -> bool {
        if with(|browser| std::mem::take(&mut browser.is_locking)) {
            call(step::LOCKED, "", 1.0);
            return true;
        }
        if with(|browser| std::mem::take(&mut browser.is_sending)) {
            call(step::SENT, &status.to_string(), -1.0);
            return true;
        }
        false
    }

    /// Returns what left since this was asked last.
    pub fn bodies(&self) -> Vec<String> {
        with(|browser| std::mem::take(&mut browser.bodies))
    }

    /// Returns the keys of the storage.
    pub fn keys(&self) -> Vec<String> {
        with(|browser| browser.storage.keys().cloned().collect())
    }

    /// Returns what is stored under a key; empty for nothing.
    pub fn stored(&self, key: &str) -> String {
        with(|browser| browser.storage.get(key).cloned().unwrap_or_default())
    }
}
