//! Builds the browser module.
fn main() {}
