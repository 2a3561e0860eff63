//! `firsthand check`: the same loader as `serve`, and what it would do.

use anyhow::Context as _;
use firsthand_core::consent::Regime;

use crate::config::{BotPolicy, Config, SourceKindName, SourceSection};
use crate::privacy::keys::{self, KeyError};
use crate::region::Regions;
use crate::serve;
use crate::store::sqlite::{FILE_NAME, Inspector, OpenError};

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    serve::check_secrets(config)?;
    Regions::build(config)?;
    check_keys(config)?;
    println!("{}", summary(config).join("\n"));
    Ok(())
}

fn webhook(source: &SourceSection, prefix: &str) -> String {
    let platform = source
        .kind
        .platform()
        .map_or("", |platform| platform.as_str());
    format!(
        "takes webhooks of {platform} as \"{name}\" at {prefix}/v1/webhooks/{platform}/{name}, transaction id: {}",
        source.transaction_id.as_deref().unwrap_or_default(),
        name = source.name,
    )
}

/// Whether the keys open the data that is there.
pub(super) fn check_keys(config: &Config) -> anyhow::Result<()> {
    let engine = config.store.engine(&config.privacy, Vec::new());
    if !engine.dir.join(FILE_NAME).exists() {
        return Ok(());
    }
    match Inspector::open_with_keys(&engine, |_| Ok(())) {
        // Nothing is sealed yet: an older version wrote it, or no collector has opened it.
        Ok(()) | Err(OpenError::Older { .. }) => Ok(()),
        Err(OpenError::Keys(KeyError::None { .. }) | OpenError::NoBlindSecret)
            if is_new(config) =>
        {
            Ok(())
        }
        Err(error) => Err(error).context("opening the data with its keys"),
    }
}

/// Whether the data needs no key yet.
#[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
fn is_new(config: &Config) -> bool {
    Inspector::open(&config.store.dir.join(FILE_NAME), |view| view.key_status())
        .is_ok_and(|status| status.masters.is_empty())
}

/// Returns what the collector would do, line by line.
fn summary(config: &Config) -> Vec<String> {
    let server = &config.server;
    let mut lines = vec![format!(
        "listens on http://{}{}",
        server.listen, server.path_prefix
    )];
    if let Some(address) = server.metrics_listen {
        lines.push(format!("serves metrics on http://{address}/metrics"));
    }
    let prefix = &server.path_prefix;
    for source in &config.sources {
        lines.push(match source.kind {
            SourceKindName::Browser => format!(
                "takes events of pages as \"{}\" from {}",
                source.name,
                if source.origins.is_empty() {
                    "anywhere without an origin".to_owned()
                } else {
                    source.origins.join(", ")
                }
            ),
            SourceKindName::Server => format!(
                "takes events of a server as \"{}\" with a secret key",
                source.name
            ),
            SourceKindName::Segment => format!(
                "takes calls of Segment's SDKs as \"{}\" at {prefix}/v1/batch with a write key",
                source.name
            ),
            SourceKindName::Shopify | SourceKindName::Woocommerce | SourceKindName::Stripe => {
                webhook(source, prefix)
            }
        });
    }
    let confirm = config.confirm.rules();
    if !confirm.names.is_empty() {
        let names: Vec<&str> = confirm.names.iter().map(String::as_str).collect();
        lines.push(format!(
            "holds back each {} of a browser until {} tells of it too, at most {} h",
            names.join(", "),
            config.trusted_sources().join(" or "),
            config.confirm.wait_hours
        ));
    }
    let store = &config.store;
    lines.push(format!(
        "keeps events in {} for {} days, dedup keys for {}",
        store.dir.display(),
        store.retention_days,
        store.dedup_days
    ));
    lines.push(match config.privacy.keys.first() {
        Some(newest) => format!("seals what names a person with the key \"{}\"", newest.id),
        None => format!(
            "seals what names a person with the key file {}: keep a copy of it elsewhere, or list keys in privacy.keys",
            store.dir.join(keys::FILE_NAME).display()
        ),
    });
    let bots = match config.bots.policy {
        BotPolicy::Tag => "labelled",
        BotPolicy::Reject => "refused",
    };
    lines.push(format!(
        "consent: {} by default, policy version {}; bots are {bots}",
        Regime::from(config.consent.default_regime).as_str(),
        config.consent.policy_version
    ));
    lines.push(if config.privacy.controller.is_empty() {
        "receipts of choices name no controller: set privacy.controller".to_owned()
    } else {
        format!(
            "receipts of choices name \"{}\" as controller",
            config.privacy.controller
        )
    });
    let destinations = config.destination_names();
    if destinations.is_empty() {
        lines.push("forwards to nobody: there is no [[destination]]".to_owned());
    }
    for name in destinations {
        lines.push(format!("forwards to \"{name}\""));
    }
    lines.push(match &config.alerts.webhook {
        Some(_) => format!(
            "tells alerts by signed webhook, at most {} an hour",
            config.alerts.messages_per_hour
        ),
        None => "tells nobody of alerts: set alerts.webhook, or watch /metrics".to_owned(),
    });
    lines.push("the configuration is right".to_owned());
    lines
}
