//! The browser half.
