//! `firsthand sandbox`: the platforms' APIs, emulated.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Args;
use firsthand_sandbox::{CollectorLink, SandboxConfig};

use crate::secret::SecretSource;
use crate::serve::shutdown_signal;

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Collector whose decisions the page shows
    #[arg(long, value_name = "URL", requires = "token_env")]
    collector: Option<String>,
    /// Environment variable with the collector's admin token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
}

#[allow(clippy::print_stdout)] // the command's one line of output
pub(super) async fn run(args: SandboxArgs) -> anyhow::Result<()> {
    let collector = match (args.collector, args.token_env) {
        (Some(url), Some(name)) => Some(CollectorLink {
            url,
            token: SecretSource::Env(name).resolve()?.expose().to_owned(),
        }),
        _ => None,
    };
    let config = SandboxConfig {
        collector,
        ..SandboxConfig::default()
    };
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("listening on {}", args.listen))?;
    println!("listening on http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    firsthand_sandbox::serve(listener, config, shutdown_signal())
        .await
        .context("serving the sandbox")
}
