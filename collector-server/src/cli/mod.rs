//! The commands.

mod audit;
mod backup;
mod chain;
mod check;
mod consent;
mod dead;
mod doctor;
mod erase;
mod explain;
mod export;
mod init;
mod keys;
mod output;
mod replay;
mod report;
mod sandbox;
mod status;
mod suppress;
mod token;
mod whom;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, LogFormat};
use crate::serve;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "firsthand",
    version,
    about = "First-party event collector: takes events with consent, keeps them, forwards them",
    after_help = "Examples:\n  firsthand init --shop https://shop.example\n  firsthand check --config collector.toml\n  firsthand serve --config collector.toml\n  firsthand explain purchase:1001 --config collector.toml"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes a configuration with fresh keys, and tells what to put into the pages
    #[command(
        after_help = "Nothing that exists is changed. docs/install.md goes on from here.\n\nExamples:\n  firsthand init --shop https://shop.example --country DE\n  firsthand init --shop https://shop.example --shop https://b2b.shop.example --url https://collect.shop.example --dir /var/lib/firsthand\n  firsthand init --shop http://localhost:3000"
    )]
    Init(init::InitArgs),
    /// Runs the collector until it is told to stop (SIGTERM, Ctrl-C); SIGHUP reads the configuration again
    #[command(
        after_help = "Examples:\n  firsthand serve --config /etc/firsthand/collector.toml\n  firsthand check --config /etc/firsthand/collector.toml && kill -HUP $(pidof firsthand)"
    )]
    Serve {
        #[command(flatten)]
        config: ConfigArg,
        /// Writes the port it listens on to this file (useful with port 0)
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
    },
    /// Says whether the configuration is right, and what the collector would do
    #[command(
        after_help = "Example:\n  firsthand check --config collector.toml && systemctl restart firsthand"
    )]
    Check {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Looks for what is wrong with the data, the keys, the disk, the clock and the destinations
    #[command(
        after_help = "Reads only, and works while the collector runs. Fails when something is broken, not for warnings.\n\nExamples:\n  firsthand doctor --config collector.toml\n  firsthand doctor --full --json --config collector.toml"
    )]
    Doctor(doctor::DoctorArgs),
    /// Serves strict emulators of the platforms' APIs, for demos and tests
    #[command(
        after_help = "Example:\n  firsthand sandbox --listen 127.0.0.1:9090 --collector http://127.0.0.1:8080 --token-env ADMIN_TOKEN"
    )]
    Sandbox(sandbox::SandboxArgs),
    /// Tells the life of an event: its copies, consent, every attempt and answer
    #[command(
        after_help = "Examples:\n  firsthand explain 0199d2a4-79b0-7cc3-98c4-dc0c0c07398f --config collector.toml\n  firsthand explain --transaction 1001 --config collector.toml --json"
    )]
    Explain(explain::ExplainArgs),
    /// Tells which sources told of the same events: matched, alone, late, unconfirmed
    #[command(
        after_help = "Examples:\n  firsthand report --event purchase --config collector.toml\n  firsthand report --since 2026-11-01T00:00:00Z --until 2026-11-08T00:00:00Z --json --config collector.toml"
    )]
    Report(report::ReportArgs),
    /// Tells on one screen how a running collector stands: sources, destinations, lag, what is unusual
    #[command(
        after_help = "Ends with 1 when the collector is not ready or something is unusual.\n\nExamples:\n  firsthand status --config collector.toml\n  firsthand status --url https://c.shop.example --token-env FIRSTHAND_TOKEN --json --config collector.toml"
    )]
    Status(status::StatusArgs),
    /// Lists what destinations have given up, with the platforms' answers
    #[command(
        after_help = "Examples:\n  firsthand dead --config collector.toml\n  firsthand dead --destination meta-main --reason 'meta 100' --since 2026-11-24T00:00:00Z --json --config collector.toml"
    )]
    Dead(dead::DeadArgs),
    /// Sends again what a destination has given up; a dry run unless --yes is there
    #[command(
        after_help = "An event keeps its id, and consent is decided again before it is sent. What the platform is too late for stays as it is. \
Where nothing is left to send, that is said, and the command succeeds. Works while the collector runs.\n\nExamples:\n  firsthand replay --destination meta-main --config collector.toml\n  firsthand replay --destination meta-main --reason 'meta 100' --since 2026-11-24T00:00:00Z --yes --config collector.toml\n  firsthand replay --state suppressed --reason 'dry run' --yes --config collector.toml\n  firsthand replay --event purchase:1001 --state delivered --force --yes --config collector.toml"
    )]
    Replay(replay::ReplayArgs),
    /// Proves consent: verifies and exports the receipts of the visitors' choices
    #[command(
        after_help = "Examples:\n  firsthand consent verify --config collector.toml\n  firsthand consent verify --head 5f1c… --count 1200 --config collector.toml\n  firsthand consent export --since 2026-01-01T00:00:00Z --out receipts.jsonl --config collector.toml"
    )]
    Consent(consent::ConsentArgs),
    /// Erases everything about a person and keeps the person out; shows first what would go
    #[command(
        after_help = "Without --yes nothing is erased: it shows how much there is. A value on the command line can be seen by others on the machine: write - and give it on stdin.\n\nExamples:\n  echo jane@example.com | firsthand erase --email - --verified-by \"link in an e-mail\" --config collector.toml\n  firsthand erase --user-id c-77 --verified-by \"signed in\" --yes --config collector.toml\n  firsthand erase --status 01JD2K… --config collector.toml"
    )]
    Erase(erase::EraseArgs),
    /// Writes everything that is kept about a person as JSON Lines
    #[command(
        after_help = "Example:\n  echo jane@example.com | firsthand export --email - --verified-by \"link in an e-mail\" --out jane.jsonl --config collector.toml"
    )]
    Export(export::ExportArgs),
    /// Lists who is kept out, keeps somebody out, lets somebody in again
    #[command(
        after_help = "Examples:\n  firsthand suppress list --config collector.toml\n  firsthand suppress add --user-id c-77 --verified-by \"signed in\" --config collector.toml\n  firsthand suppress remove 01JD2K… --verified-by \"asked to be let in, signed in\" --config collector.toml"
    )]
    Suppress(suppress::SuppressArgs),
    /// Makes, lists and revokes the tokens of the administrative doors
    #[command(
        after_help = "Examples:\n  firsthand token create --role privacy --name anna --config collector.toml\n  firsthand token list --config collector.toml\n  firsthand token revoke 0k3v9m2x7q --config collector.toml"
    )]
    Token(token::TokenArgs),
    /// Tells who looked at personal records: verifies and exports the audit log
    #[command(
        after_help = "Examples:\n  firsthand audit verify --config collector.toml\n  firsthand audit export --since 2026-01-01T00:00:00Z --out audit.jsonl --config collector.toml"
    )]
    Audit(audit::AuditArgs),
    /// Lists and rotates the master keys of what is kept
    #[command(
        after_help = "Examples:\n  firsthand keys list --config collector.toml\n  firsthand keys status --config collector.toml\n  firsthand keys rotate --id 2026b --out /etc/firsthand/2026b.key --config collector.toml"
    )]
    Keys(keys::KeysArgs),
    /// Takes a backup while the collector runs: the data, and apart from it the keys
    #[command(
        after_help = "The keys file is replaced by every backup: what was erased meanwhile is then unreadable in older backups too. \
Keep it apart from the data, and never keep an older one.\n\nExamples:\n  firsthand backup --out /backup/2026-11-25 --config collector.toml\n  firsthand backup --out /backup/2026-11-25 --keys /vault/keys.db --config collector.toml"
    )]
    Backup(backup::BackupArgs),
    /// Puts a backup back, with the newest keys file; the collector must not run
    #[command(
        after_help = "The master keys must be there: privacy.keys, or the key file in store.dir.\n\nExample:\n  firsthand restore --from /backup/2026-11-25 --keys /vault/keys.db --config collector.toml"
    )]
    Restore(backup::RestoreArgs),
}

/// What is read when nothing is named: the file of the current directory.
const DEFAULT_CONFIG: &str = "collector.toml";

#[derive(Debug, Args)]
struct ConfigArg {
    /// The configuration file
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "FIRSTHAND_CONFIG",
        default_value = DEFAULT_CONFIG
    )]
    config: PathBuf,
}

impl ConfigArg {
    /// How this file is named to a command that is called from here; nothing where it is found anyway.
    fn spelt(path: &Path) -> String {
        let is_here = std::env::current_dir().is_ok_and(|here| path == here.join(DEFAULT_CONFIG));
        if is_here {
            String::new()
        } else {
            format!(" --config {}", path.display())
        }
    }

    fn load(&self) -> anyhow::Result<Config> {
        Ok(config::load(&self.config)?)
    }
}

/// Runs a command to its end.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve { config, port_file } => {
            let file = config.config.clone();
            let config = config.load()?;
            start_log(config.server.log_format);
            let threads = config.server.worker_threads;
            runtime(threads)?.block_on(serve::serve(config, &file, port_file.as_deref()))
        }
        Command::Init(args) => init::run(&args),
        Command::Check { config } => check::run(&config.load()?),
        Command::Sandbox(args) => {
            start_log(LogFormat::Text);
            runtime(None)?.block_on(sandbox::run(args))
        }
        Command::Explain(args) => explain::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Dead(args) => dead::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Consent(args) => consent::run(&args),
        Command::Erase(args) => erase::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Suppress(args) => suppress::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => backup::run_restore(&args),
    }
}

fn runtime(threads: Option<usize>) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().context("starting the runtime")
}

/// Logs go to stderr; `RUST_LOG` chooses the level, `info` by default.
fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that cannot be written (its disk is full) would be told of on stderr, which cannot be written either:
        // that panics, in the store's writer too.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
