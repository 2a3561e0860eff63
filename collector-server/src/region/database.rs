//! A local file in MaxMind's format (GeoLite2, DB-IP, IPinfo and others write it): addresses to countries and subdivisions.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use super::Place;

/// The file, read into memory as a whole.
pub(super) struct Database(Reader<Vec<u8>>);

/// What is read of a record; both kinds of file, of countries and of cities, have it.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    country: Option<Coded<'a>>,
    #[serde(borrow, default)]
    subdivisions: Vec<Coded<'a>>,
}

#[derive(Deserialize)]
struct Coded<'a> {
    #[serde(borrow, default)]
    iso_code: Option<&'a str>,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, MaxMindDbError> {
        Self::read(std::fs::read(path).map_err(MaxMindDbError::Io)?)
    }

    /// Reads the bytes of a file.
    pub(super) fn read(file: Vec<u8>) -> Result<Self, MaxMindDbError> {
        Reader::from_source(file).map(Self)
    }

    /// Returns the place of an address; unknown when the file does not hold it, or not in a form that is known.
    pub(super) fn place(&self, address: IpAddr) -> Place {
        let found = self.0.lookup(address).ok();
        let record = found.and_then(|found| found.decode::<Record<'_>>().ok().flatten());
        let Some(record) = record else {
            return Place::default();
        };
        // Subdivisions go from the largest to the smallest: state, then county.
        let subdivision = record.subdivisions.first().and_then(|part| part.iso_code);
        Place::read(
            record.country.and_then(|country| country.iso_code),
            subdivision,
        )
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Database").finish_non_exhaustive()
    }
}
