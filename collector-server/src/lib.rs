//! The collector: takes events, checks consent, keeps them durably and forwards them to the ad
//! platforms.
//!
//! [`intake`] (HTTP doors) → [`admit`] (validate, cleanse, consent, dedup key) → [`store`] → [`forward`]
//! (schedule, retry, breaker; one file per destination). Intake and forwarding meet only in the store.

pub mod admit;
pub mod alerts;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod explain;
pub mod forward;
pub mod intake;
mod inventory;
mod listen;
mod nearest;
pub mod open_files;
pub mod privacy;
mod private;
pub mod region;
mod reload;
pub mod report;
mod request_id;
pub mod sdk_files;
pub mod secret;
pub mod serve;
pub mod signals;
pub mod store;
