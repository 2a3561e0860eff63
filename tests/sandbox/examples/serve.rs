//! Serves a sandbox with the demo accounts: `serve [address] [collector url] [token]`.

use std::io::Write;

use firsthand_sandbox::{CollectorLink, SandboxConfig, serve};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:4100".to_owned());
    let collector = arguments.next().map(|url| CollectorLink {
        url,
        token: arguments.next().unwrap_or_default(),
    });
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(
        std::io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    let config = SandboxConfig {
        collector,
        ..SandboxConfig::default()
    };
    serve(listener, config, async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
    .await
}
