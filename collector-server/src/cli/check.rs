//! `firsthand check`: the same loader as `serve`, and what it would do.

use firsthand_core::consent::Regime;

use crate::config::{BotPolicy, Config, SourceKindName, SourceSection};
use crate::region::Regions;
use crate::serve;

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    serve::check_secrets(config)?;
    Regions::build(config)?;
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
    let store = &config.store;
    lines.push(format!(
        "keeps events in {} for {} days, dedup keys for {}",
        store.dir.display(),
        store.retention_days,
        store.dedup_days
    ));
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
    lines.push("the configuration is right".to_owned());
    lines
}
