//! `firsthand check`: the same loader as `serve`, and what it would do.

use firsthand_core::consent::Regime;

use crate::config::{BotPolicy, Config, SourceKindName};
use crate::region::Regions;
use crate::serve;

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    serve::check_secrets(config)?;
    Regions::build(config)?;
    println!("{}", summary(config).join("\n"));
    Ok(())
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
