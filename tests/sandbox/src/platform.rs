//! The emulated platforms: one folder each, and one line below.
//!
//! A platform's folder holds all that is its own: its doors, its rules, how it counts copies, its answers to
//! faults, its demo account, and what the page says about it.

use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};

use crate::dedup::CopyRule;
use crate::fault::FaultKind;
use crate::sandbox::Shared;
#[rustfmt::skip] // as below
use crate::{
    ga4,
    google_data_manager,
    klaviyo,
    linkedin,
    meta,
    microsoft,
    pinterest,
    reddit,
    snapchat,
    tiktok,
    webhook,
    x,
};

/// Every platform, in the order the page shows them.
#[rustfmt::skip] // one line each
pub(crate) static PLATFORMS: &[&PlatformSpec] = &[
    &meta::SPEC,
    &tiktok::SPEC,
    &ga4::SPEC,
    &google_data_manager::SPEC,
    &pinterest::SPEC,
    &snapchat::SPEC,
    &reddit::SPEC,
    &linkedin::SPEC,
    &microsoft::SPEC,
    &x::SPEC,
    &klaviyo::SPEC,
    &webhook::SPEC,
];

/// What the sandbox knows of a platform.
#[derive(Debug)]
pub(crate) struct PlatformSpec {
    /// Its name in the control API.
    pub(crate) platform: Platform,
    /// Its name on the page.
    pub(crate) title: &'static str,
    /// Its name on a small button.
    pub(crate) label: &'static str,
    /// What the page says about it.
    pub(crate) about: &'static str,
    /// Its routes.
    pub(crate) doors: fn() -> Router<Arc<Shared>>,
    /// Routes of its browser side, which take small bodies only.
    pub(crate) pixels: fn() -> Router<Arc<Shared>>,
    /// Which copy of an event counts.
    pub(crate) copies: CopyRule,
    /// Faults it answers in its own words beside those every platform has, and the codes each can carry.
    pub(crate) faults: &'static [(FaultKind, &'static [u32])],
}

/// An emulated platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Platform(&'static str);

impl Platform {
    /// Makes the name by which a platform's folder speaks of itself.
    pub(crate) const fn of(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the platform of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|platform| platform.0 == name)
    }

    /// Returns every platform, in the order the page shows them.
    pub fn all() -> impl Iterator<Item = Self> {
        PLATFORMS.iter().map(|spec| spec.platform)
    }

    /// Returns the name the control API uses.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Returns whether the platform documents an answer for this fault.
    pub fn has_fault(self, kind: FaultKind) -> bool {
        kind.is_everywhere() || self.codes_of(kind).is_some()
    }

    /// Returns the codes that a fault of this kind can carry here.
    pub(crate) fn codes_of(self, kind: FaultKind) -> Option<&'static [u32]> {
        let faults = self.spec().map_or(&[][..], |spec| spec.faults);
        faults
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, codes)| *codes)
    }

    pub(crate) fn spec(self) -> Option<&'static PlatformSpec> {
        PLATFORMS.iter().copied().find(|spec| spec.platform == self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            let known: Vec<&str> = Self::all().map(Self::name).collect();
            serde::de::Error::custom(format!("unknown platform, known are {}", known.join(", ")))
        })
    }
}
