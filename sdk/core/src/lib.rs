//! Core.

pub mod identity;
pub mod touchpoint;
