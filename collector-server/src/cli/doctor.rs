//! `firsthand doctor`: looks at everything, changes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{ConfigArg, check};
use crate::config::Config;
use crate::doctor::{self, Finding, Level};
use crate::privacy::keys;
use crate::secret::SecretSource;
use crate::serve;
use crate::store::sqlite::{Chain, Checkup, Depth, FILE_NAME, SqliteConfig};

/// A request of a person that waits longer is told, in milliseconds.
const TASK_WAITS_MS: i64 = 3_600_000;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Looks at every row and every index: minutes for a large file
    #[arg(long)]
    full: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let depth = if args.full { Depth::Full } else { Depth::Quick };
    let mut findings = vec![secrets(&config)];
    permissions(&config, &mut findings)?;
    if config.store.dir.join(FILE_NAME).exists() {
        data(&config, depth, &mut findings);
    } else {
        let what = format!("there is no data yet in {}", config.store.dir.display());
        findings.push(Finding::ok("data", what));
    }
    if args.json {
        println!("{}", doctor::json(&findings));
    } else {
        println!("{}", doctor::text(&findings));
    }
    match doctor::count(&findings, Level::Error) {
        0 => Ok(()),
        errors => bail!("{errors} found that need somebody"),
    }
}

fn secrets(config: &Config) -> Finding {
    match serve::check_secrets(config) {
        Ok(()) => Finding::ok(
            "config",
            "the configuration is right, every secret is there",
        ),
        Err(error) => Finding::error(
            "config",
            format!("{error:#}"),
            "a reload or start would be refused: see `firsthand check`",
        ),
    }
}

fn permissions(config: &Config, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let dir = &config.store.dir;
    let before = findings.len();
    let mut look = |path: &Path, is_key: bool| {
        if let Ok(file) = std::fs::metadata(path) {
            let mode = file.permissions().mode();
            findings.extend(doctor::readable_by_others(path, mode, is_key));
        }
    };
    look(&dir.join(keys::FILE_NAME), true);
    let of_sources = config
        .sources
        .iter()
        .flat_map(|source| source.secret_key.iter().chain(&source.secrets));
    let of_alerts = [&config.alerts.secret, &config.alerts.previous_secret];
    let secrets = config
        .privacy
        .keys
        .iter()
        .map(|key| &key.secret)
        .chain(of_sources)
        .chain(&config.admin.token)
        .chain(of_alerts.into_iter().flatten());
    for secret in secrets {
        if let SecretSource::File(path) = secret {
            look(path, true);
        }
    }
    // What lies in a directory that others cannot enter, they cannot read.
    let is_open = std::fs::metadata(dir).is_ok_and(|dir| dir.permissions().mode() & 0o001 != 0);
    if is_open {
        look(&dir.join(FILE_NAME), false);
    }
    if findings.len() == before {
        findings.push(Finding::ok(
            "permissions",
            "nobody else can read keys and secrets",
        ));
    }
    if dir.exists() {
        let mut damaged = Vec::new();
        for entry in std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // With its write-ahead log it is one file.
            let is_file = !name.ends_with("-wal") && !name.ends_with("-shm");
            if is_file && name.starts_with(&format!("{FILE_NAME}.damaged-")) {
                damaged.push(name);
            }
        }
        damaged.sort_unstable();
        findings.extend(doctor::moved_aside(&damaged));
    }
    Ok(())
}

/// What is found in the data; what cannot be looked at is a finding too, and ends the look.
fn data(config: &Config, depth: Depth, findings: &mut Vec<Finding>) {
    let engine = config
        .store
        .engine(&config.privacy, config.destination_names());
    if let Err(error) = look_at_data(config, &engine, depth, findings) {
        findings.push(Finding::error(
            "data",
            format!("the data cannot be read any further: {error:#}"),
            "check the disk; `firsthand restore` puts back the newest backup",
        ));
    }
}

fn look_at_data(
    config: &Config,
    engine: &SqliteConfig,
    depth: Depth,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let checkup = Checkup::open(&engine.dir)?;
    findings.push(doctor::damage(&checkup.damage(depth)?, depth));
    let (log_bytes, page_bytes) = checkup.log_bytes()?;
    let fold_bytes = u64::from(engine.wal_checkpoint_pages).saturating_mul(page_bytes);
    findings.push(doctor::log_size(log_bytes, fold_bytes));
    findings.push(doctor::room(&checkup.room(engine)?));
    if let Err(error) = checkup.require_this_version() {
        findings.push(Finding::error(
            "version",
            error.to_string(),
            "nothing further was looked at: use the program that belongs to the data",
        ));
        return Ok(());
    }
    findings.push(Finding::ok(
        "version",
        "the data is of this program's version",
    ));
    findings.push(match check::check_keys(config) {
        Ok(()) => Finding::ok("keys", "the keys open the data"),
        Err(error) => Finding::error(
            "keys",
            format!("{error:#}"),
            "put the key back (docs/keys.md): without it the data cannot be read, and the collector does not start",
        ),
    });
    findings.extend(doctor::disagreements(&checkup.disagreements(depth)?, depth));
    for (check, command, chain) in [
        ("receipts", "firsthand consent verify", Chain::Receipts),
        ("audit", "firsthand audit verify", Chain::Audit),
    ] {
        findings.push(doctor::chain(check, command, &checkup.verify(chain)?));
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    findings.push(doctor::clock(now_ms, checkup.newest_ms()?));
    let waiting = checkup.waiting_tasks(now_ms.saturating_sub(TASK_WAITS_MS))?;
    findings.push(doctor::tasks(waiting));
    // First where they stand, then where the log ends: a collector that runs moves both.
    let standings = checkup.standings(&engine.destinations)?;
    let last = checkup.last_position()?;
    for standing in &standings {
        findings.push(doctor::destination(standing, last, now_ms));
    }
    Ok(())
}
