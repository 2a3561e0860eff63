//! `firsthand init`: a configuration to start from, with fresh keys, and the line for the pages.

mod address;
mod template;

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use firsthand_core::identity::Country;

use self::address::{Address, collector_of};
use self::template::Setup;
use super::{ConfigArg, DEFAULT_CONFIG};
use crate::privacy::id::base32;
use crate::private;
use crate::secret::Secret;

/// Folder of the secrets, beside the configuration.
const SECRETS: &str = "secrets";
/// The files that it makes there, and whose key each holds.
const KEYS: [(&str, &str, &str); 2] = [
    (
        "backend-key",
        "sk_",
        "your backend's key: Authorization: Bearer …",
    ),
    (
        "admin-token",
        "adm_",
        "yours, for the administrative doors: firsthand status, /v1/inspect/…",
    ),
];
/// Digits of a key: 128 bits.
const KEY_DIGITS: u32 = 26;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The shop's address, such as https://shop.example; again for each other host that has pages
    #[arg(long, value_name = "URL", required = true, value_parser = Address::of_shop)]
    shop: Vec<Address>,
    /// Where browsers reach the collector: a subdomain of the shop's, or a path of its own host [default: c. before the shop's domain]
    #[arg(long, value_name = "URL", value_parser = Address::of_collector)]
    url: Option<Address>,
    /// Where the configuration and the secrets go
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
    /// Where events are kept [default: data, beside the configuration]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where the collector listens; a proxy with TLS stands before it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Country of phone numbers that have no country code, such as DE
    #[arg(long, value_name = "CODE", value_parser = country)]
    country: Option<String>,
}

fn country(code: &str) -> Result<String, String> {
    match Country::parse(code) {
        Some(_) => Ok(code.to_ascii_uppercase()),
        None => Err("must be an ISO 3166-1 code of two letters, such as DE".to_owned()),
    }
}

/// Writes the files and tells what to do with them. Changes nothing where a configuration is already.
#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &InitArgs) -> anyhow::Result<()> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => args
            .shop
            .first()
            .map(|shop| collector_of(shop, args.listen.port()))
            .context("--shop is missing")?,
    };
    if let Some(problem) = args.shop.iter().find_map(|shop| url.collides_with(shop)) {
        bail!("--url: {problem}");
    }
    let dir = &args.dir;
    let config = dir.join(DEFAULT_CONFIG);
    if config.exists() {
        bail!(
            "{} is there already, and stays as it is: name another folder with --dir, or move it away",
            config.display()
        );
    }
    let folder = || format!("making {}", dir.display());
    private::create_dirs(dir).with_context(folder)?;
    let dir = fs::canonicalize(dir).with_context(folder)?;
    let secrets = dir.join(SECRETS);
    let data = match &args.data {
        Some(data) => std::path::absolute(data).context("the folder of --data")?,
        None => dir.join("data"),
    };
    let setup = Setup {
        shops: &args.shop,
        url: &url,
        listen: args.listen,
        data: &data,
        secrets: &secrets,
        write_key: &format!("pk_{}", random_key()),
        country: args.country.as_deref(),
    };
    let text = template::fill(&setup)?;
    private::create_dirs(&secrets).with_context(|| format!("making {}", secrets.display()))?;
    let mut made = Vec::new();
    for (name, prefix, what) in KEYS {
        let path = secrets.join(name);
        let key = Secret::new(format!("{prefix}{}\n", random_key()));
        let is_new = write_new(&path, key.expose())?;
        made.push((path, if is_new { what } else { "was there, stays" }));
    }
    let config = dir.join(DEFAULT_CONFIG);
    if !write_new(&config, &text)? {
        bail!(
            "{} was made by somebody else meanwhile, and stays as it is",
            config.display()
        );
    }
    made.insert(0, (config.clone(), "the configuration: read it"));
    println!("{}", told(&setup, &config, &made));
    Ok(())
}

/// What was made, what goes into the pages, and what comes next.
fn told(setup: &Setup<'_>, config: &Path, made: &[(PathBuf, &str)]) -> String {
    let mut lines = vec!["made".to_owned()];
    let wide = made.iter().map(|(path, _)| path.as_os_str().len()).max();
    let wide = wide.unwrap_or_default();
    let told = |(path, what): &(PathBuf, &str)| format!("  {:wide$}   {what}", path.display());
    lines.extend(made.iter().map(told));
    let pages: Vec<String> = setup.shops.iter().map(Address::origin).collect();
    let country = setup
        .country
        .map(|code| format!(" data-default-country=\"{code}\""))
        .unwrap_or_default();
    lines.push(format!(
        "\nin every page of {}, in <head>\n  <script async src=\"{}/sdk/fh.js\" data-write-key=\"{}\"{country}></script>",
        pages.join(" and "),
        setup.url.text(),
        setup.write_key,
    ));
    let at = ConfigArg::spelt(config);
    lines.push(format!(
        "\nnext\n  firsthand check{at}\n  firsthand serve{at}"
    ));
    if setup.url.is_local() {
        lines.push(format!(
            "  {}/healthz answers once it runs",
            setup.url.text()
        ));
    } else {
        lines.push(format!(
            "  let {} lead to http://{} by a proxy with TLS: docs/install.md has one for Caddy and one for nginx",
            setup.url.text(),
            setup.listen
        ));
    }
    lines.push("  name your platforms in [[destination]]: docs/destinations.md; until then events are kept and sent to nobody".to_owned());
    if let Some(shop) = setup
        .shops
        .iter()
        .find(|shop| setup.url.is_stranger_to(shop))
    {
        lines.push(format!(
            "\ncareful: {} is not below the domain of {}. Browsers take its cookie for a stranger's and drop it: give the collector a subdomain of the shop",
            setup.url.text(),
            shop.origin()
        ));
    }
    lines.join("\n")
}

fn random_key() -> String {
    base32(rand::random(), KEY_DIGITS).to_ascii_lowercase()
}

/// Writes a file, unless it is there. Returns whether it did.
fn write_new(path: &Path, text: &str) -> anyhow::Result<bool> {
    match private::write_new(path, text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
    }
}
