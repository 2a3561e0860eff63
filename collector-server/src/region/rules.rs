//! Headers, file and configuration together.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context as _;
use firsthand_core::consent::Regime;
use firsthand_core::identity::Country;
use http::{HeaderMap, HeaderName};

use super::database::Database;
use super::place::is_subdivision;
use super::{Place, law};
use crate::config::Config;

/// How a place is found and what holds there, as the operator decided.
#[derive(Debug)]
pub struct Regions {
    country_header: Option<HeaderName>,
    region_header: Option<HeaderName>,
    database: Option<Database>,
    is_law_table_used: bool,
    default_regime: Regime,
    regimes: BTreeMap<String, Regime>,
    gpc_required: BTreeMap<String, bool>,
}

impl Regions {
    /// Builds the rules; opens the file.
    pub fn build(config: &Config) -> anyhow::Result<Self> {
        let server = &config.server;
        let header = |name: &Option<String>, key: &'static str| {
            name.as_deref()
                .map(|name| HeaderName::from_bytes(name.as_bytes()).context(key))
                .transpose()
        };
        let database = server.geo_database.as_deref().map(|path| {
            Database::open(path)
                .with_context(|| format!("server.geo_database: {} cannot be read: it must be a local file in MaxMind's format (.mmdb)", path.display()))
        });
        let consent = &config.consent;
        Ok(Self {
            country_header: header(&server.country_header, "server.country_header")?,
            region_header: header(&server.region_header, "server.region_header")?,
            database: database.transpose()?,
            is_law_table_used: consent.region_table,
            default_regime: consent.default_regime.into(),
            regimes: consent
                .regime_by_country
                .iter()
                .map(|(code, regime)| (code.clone(), (*regime).into()))
                .collect(),
            gpc_required: consent.gpc_required_by_region.clone(),
        })
    }

    /// Returns the place that a trusted proxy tells, else that of the address in the file, else an unknown one. Without `headers` nobody tells.
    pub fn locate(&self, headers: Option<&HeaderMap>, address: Option<IpAddr>) -> Place {
        let value = |name: &Option<HeaderName>| headers?.get(name.as_ref()?)?.to_str().ok();
        let told = Place::read(value(&self.country_header), value(&self.region_header));
        if told.country().is_some() {
            return told;
        }
        match (&self.database, address) {
            (Some(database), Some(address)) => database.place(address),
            _ => Place::default(),
        }
    }

    /// Returns the regime: the operator's word for the region, for the country, the law's, the default.
    pub fn regime(&self, place: &Place) -> Regime {
        if let Some(regime) = by_code(&self.regimes, place) {
            return regime;
        }
        self.is_law_table_used
            .then(|| law::regime(place))
            .flatten()
            .unwrap_or(self.default_regime)
    }

    /// Whether Global Privacy Control must be honoured: the operator's word for the region, for the country, the law's.
    pub fn is_gpc_required(&self, place: &Place) -> bool {
        by_code(&self.gpc_required, place).unwrap_or_else(|| law::is_gpc_required(place))
    }
}

fn by_code<T: Copy>(table: &BTreeMap<String, T>, place: &Place) -> Option<T> {
    [place.region(), place.country()]
        .into_iter()
        .flatten()
        .find_map(|code| table.get(code))
        .copied()
}

/// Whether a text is a country's code (`DE`) or a subdivision's (`US-CA`), in upper case.
pub fn is_code(text: &str) -> bool {
    let (country, is_form) = match text.split_once('-') {
        Some((country, own)) => (country, is_subdivision(own)),
        None => (text, true),
    };
    is_form
        && country.len() == 2
        && Country::parse(country).is_some()
        && text == text.to_ascii_uppercase()
}
