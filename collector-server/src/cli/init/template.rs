//! The configuration that `init` writes: the example of the repository with the shop's own values. Pure.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::address::Address;

/// What everybody starts from.
const EXAMPLE: &str = include_str!("../../../../examples/collector.toml");
/// Where the example's destinations begin, and where those begin that are commented out in it.
const DESTINATIONS: &str = "[[destination]]";
const MORE_DESTINATIONS: &str = "# More platforms";

/// The shop's own values.
pub(super) struct Setup<'a> {
    /// Hosts that have pages.
    pub(super) shops: &'a [Address],
    /// Where browsers reach the collector.
    pub(super) url: &'a Address,
    /// Where it listens.
    pub(super) listen: SocketAddr,
    /// Where events are kept.
    pub(super) data: &'a Path,
    /// Folder of the secrets.
    pub(super) secrets: &'a Path,
    /// The key that pages send.
    pub(super) write_key: &'a str,
    /// Country of phone numbers without a country code.
    pub(super) country: Option<&'a str>,
}

/// Returns the text of the configuration. Fails where a path is no text.
pub(super) fn fill(setup: &Setup<'_>) -> anyhow::Result<String> {
    let (_, body) = EXAMPLE
        .split_once("[server]\n")
        .context("the example has no [server]")?;
    let mut text = String::from(
        "# Made by `firsthand init`. `firsthand check` says what the collector would do; SIGHUP makes a running one read it again.\n\
         # Every key with its default: docs/config.md. Secrets are named here, never written here.\n\n[server]\n",
    );
    let listen = quoted(&setup.listen.to_string());
    let url = quoted(&setup.url.text());
    let prefix = match setup.url.path() {
        "" => String::new(),
        path => format!("\npath_prefix = {}", quoted(path)),
    };
    let domain = setup
        .shops
        .first()
        .and_then(|shop| setup.url.cookie_domain(shop));
    let origins: Vec<String> = unique(setup.shops.iter().flat_map(Address::origins));
    let origins: Vec<String> = origins.iter().map(|origin| quoted(origin)).collect();
    let mut is_destination = false;
    for line in body.lines() {
        if line.starts_with(DESTINATIONS) {
            is_destination = true;
        } else if line.starts_with(MORE_DESTINATIONS) {
            is_destination = false;
        }
        let key = line.split(" = ").next().unwrap_or_default();
        let line = match key {
            "listen" => format!("listen = {listen}"),
            "public_url" => format!("public_url = {url}{prefix}"),
            "domain" => match &domain {
                Some(domain) => format!("domain = {}", quoted(domain)),
                None => format!("# {line}"),
            },
            "dir" => format!("dir = {}", quoted(path(setup.data)?)),
            "write_key" => format!("write_key = {}", quoted(setup.write_key)),
            "origins" => format!("origins = [{}]", origins.join(", ")),
            "default_phone_country" => match setup.country {
                Some(country) => format!("default_phone_country = {}", quoted(country)),
                None => format!("# {line}"),
            },
            // For the shop to fill in; `check` reminds of it.
            "controller" | "contact" | "notice_url" | "withdraw_url" => format!("# {line}"),
            _ if is_destination => format!("# {line}").trim_end().to_owned(),
            _ => line.to_owned(),
        };
        text.push_str(&in_files(&line, setup.secrets)?);
        text.push('\n');
    }
    Ok(text)
}

/// Turns a secret of the environment into one of a file: `{ env = "GA4_SECRET" }` into `{ file = "…/ga4-secret" }`.
fn in_files(line: &str, secrets: &Path) -> anyhow::Result<String> {
    const OPEN: &str = "{ env = \"";
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after
            .split_once('"')
            .context("the example names a secret without its end")?;
        let file = secrets.join(name.to_ascii_lowercase().replace('_', "-"));
        // Writing to a String cannot fail.
        let _ = write!(text, "{before}{{ file = {}", quoted(path(&file)?));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is no text: choose another folder", path.display()))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn unique(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for one in all {
        if !list.contains(&one) {
            list.push(one);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn filled(shops: &[&str], url: &str, country: Option<&str>) -> String {
        let shops: Vec<Address> = shops.iter().map(|s| Address::of_shop(s).unwrap()).collect();
        fill(&Setup {
            shops: &shops,
            url: &Address::of_collector(url).unwrap(),
            listen: "127.0.0.1:9000".parse().unwrap(),
            data: Path::new("/srv/a \"b\"/data"),
            secrets: Path::new("/srv/secrets"),
            write_key: "pk_1234",
            country,
        })
        .unwrap()
    }

    #[test]
    fn the_filled_example_is_right_and_has_nothing_of_the_examples_shop() {
        let shops = [
            "https://www.kettle.test",
            "https://kettle.test",
            "https://b2b.kettle.test",
        ];
        let text = filled(&shops, "https://c.kettle.test", Some("SE"));
        let config = config::parse(&text, "collector.toml").unwrap();
        assert_eq!(config.server.listen.port(), 9000);
        assert_eq!(
            config.server.public_url.as_deref(),
            Some("https://c.kettle.test")
        );
        assert_eq!(config.cookie.domain.as_deref(), Some("kettle.test"));
        assert_eq!(config.store.dir, Path::new("/srv/a \"b\"/data"));
        assert!(config.destination_names().is_empty());
        let [page, backend] = config.sources.as_slice() else {
            panic!("{text}")
        };
        assert_eq!(page.write_key.as_deref(), Some("pk_1234"));
        assert_eq!(
            page.origins,
            [
                "https://www.kettle.test",
                "https://kettle.test",
                "https://b2b.kettle.test"
            ]
        );
        assert_eq!(backend.default_phone_country.as_deref(), Some("SE"));
        // What is commented out may keep its examples.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(
                !line.contains("shop.example")
                    && !line.contains("pk_demo")
                    && !line.contains("env"),
                "{line}"
            );
        }
        assert!(text.contains("# access_token = { file = \"/srv/secrets/meta-token\" }"));
    }

    #[test]
    fn every_destination_of_the_example_can_be_switched_on() {
        let text = filled(&["https://kettle.test"], "https://c.kettle.test", None);
        let at = text.find("# [[destination]]").unwrap();
        let (head, tail) = text.split_at(at);
        let on: Vec<&str> = tail
            .lines()
            .filter(|line| !line.starts_with(MORE_DESTINATIONS))
            .map(|line| line.trim_start_matches('#').trim_start())
            .collect();
        let config = config::parse(&format!("{head}{}", on.join("\n")), "on.toml").unwrap();
        let written = EXAMPLE.matches(DESTINATIONS).count();
        assert_eq!(config.destination_names().len(), written);
    }

    #[test]
    fn a_path_of_the_shops_own_host_and_a_machine_of_ones_own_are_possible() {
        let text = filled(&["https://kettle.test"], "https://kettle.test/fh", None);
        let config = config::parse(&text, "collector.toml").unwrap();
        assert_eq!(config.server.path_prefix, "/fh");
        let text = filled(&["http://localhost:3000"], "http://localhost:8080", None);
        let config = config::parse(&text, "collector.toml").unwrap();
        assert_eq!(config.cookie.domain, None);
        assert_eq!(config.sources[0].origins, ["http://localhost:3000"]);
        assert_eq!(config.sources[1].default_phone_country, None);
    }
}
