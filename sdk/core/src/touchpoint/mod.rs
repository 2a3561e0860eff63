//! Touchpoints.
