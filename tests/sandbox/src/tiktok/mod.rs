//! TikTok Events API 2.0: `POST /tiktok/open_api/v1.3/event/track/`, and the
//! pixel stand-in `/tiktok/pixel`.
//!
//! HTTP 200 whatever happens; `code` tells. One bad row fails the batch, and
//! the message names it: `Batch.3.properties.value: Not a valid number`.

pub(crate) mod door;
pub(crate) mod pixel;
pub(crate) mod rules;
pub(crate) mod user;
