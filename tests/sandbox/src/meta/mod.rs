//! Meta Conversions API: `POST /meta/{version}/{dataset_id}/events`, and the
//! pixel's `/meta/tr`.
//!
//! All or nothing: one wrong event refuses the whole request, with an answer
//! that, as at Meta, does not say which one. The place is kept for the control
//! API and the page.
//!
//! The reference lists subcodes 2804007, 2804016, 2804017, 2804019 and 2804048
//! as "invalid event content" without telling them apart. Their split here is
//! the sandbox's own: event fields, address and action source, `user_data`,
//! `custom_data`, privacy options and unknown keys.

pub(crate) mod custom_data;
pub(crate) mod door;
pub(crate) mod error;
pub(crate) mod pixel;
pub(crate) mod rules;
pub(crate) mod user_data;
