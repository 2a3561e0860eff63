//! `firsthand token`: who may pass the administrative doors. A change counts at once in the running collector.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::ConfigArg;
use super::chain::{data_file, entry};
use crate::config::Config;
use crate::explain::time;
use crate::privacy::tokens::{self, Role};
use crate::private;
use crate::store::sqlite::{Access, FILE_NAME, Inspector};

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token and prints it, this once
    #[command(
        after_help = "read: events, their fate, the quarantine. operate: what read may, and runs the forwarding. privacy: what read may, and proofs, exports, erasure. admin: everything.\n\nExample:\n  firsthand token create --role privacy --name anna --config collector.toml"
    )]
    Create {
        /// What it may do
        #[arg(long)]
        role: Role,
        /// What people call it; in the audit log
        #[arg(long)]
        name: String,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Lists tokens: id, role, name, since when, revoked when
    #[command(after_help = "Example:\n  firsthand token list --config collector.toml")]
    List {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Revokes a token; the next request that carries it is refused
    #[command(after_help = "Example:\n  firsthand token revoke 0k3v9m2x7q --config collector.toml")]
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
        #[command(flatten)]
        config: ConfigArg,
    },
}

#[allow(clippy::print_stdout, clippy::print_stderr)] // the command's output
#[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
pub(super) fn run(args: &TokenArgs) -> anyhow::Result<()> {
    match &args.command {
        Command::Create { role, name, config } => {
            let config = config.load()?;
            let now_ms = jiff::Timestamp::now().as_millisecond();
            let random = (rand::random(), rand::random());
            let (token, row) = tokens::make(name, *role, random, now_ms)?;
            let what = format!("{} {} {name}", row.id, role.as_str());
            open(&config)?
                .add_token(&row, &entry("token.create", what))
                .context("keeping the token")?;
            println!("{}", token.expose());
            eprintln!("keep it now: it is not shown again (id {})", row.id);
        }
        Command::List { config } => {
            let path = data_file(&config.load()?)?;
            let rows = Inspector::open(&path, |view| view.tokens()).context("reading the data")?;
            for row in rows {
                let until = row
                    .revoked_at_ms
                    .map_or_else(String::new, |at| format!("  revoked {}", time(at)));
                println!(
                    "{}  {:<7}  {}  since {}{until}",
                    row.id,
                    row.role.as_str(),
                    row.name,
                    time(row.created_at_ms)
                );
            }
        }
        Command::Revoke { id, config } => {
            let config = config.load()?;
            data_file(&config)?;
            let is_revoked = open(&config)?
                .revoke_token(id, &entry("token.revoke", id.clone()))
                .context("revoking the token")?;
            if !is_revoked {
                bail!("there is no token {id} that could be revoked: see `firsthand token list`");
            }
        }
    }
    Ok(())
}

/// Opens the data file, made if there is none yet.
fn open(config: &Config) -> anyhow::Result<Access> {
    let path = config.store.dir.join(FILE_NAME);
    let access = if path.exists() {
        Access::open(&path)
    } else {
        private::create_dirs(&config.store.dir)
            .with_context(|| format!("making {}", config.store.dir.display()))?;
        Access::create(&path, &config.store.engine(&config.privacy, Vec::new()))
    };
    access.context("opening the data")
}
