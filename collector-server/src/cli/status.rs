//! `firsthand status`: how a running collector stands, on one screen.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{ConfigArg, runtime};
use crate::forward::http;
use crate::signals::{DestinationNow, EventNow, Overview, SourceNow};

/// How long the collector may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Where the collector listens; default: server.listen of the configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Environment variable that holds a token; needed from another machine only
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

/// The answer of `/readyz?verbose`.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    status: String,
    overview: Overview,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &StatusArgs) -> anyhow::Result<()> {
    let base = match &args.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(args.config.load()?.server.listen)?),
    };
    let token = args
        .token_env
        .as_ref()
        .map(|name| std::env::var(name).with_context(|| format!("--token-env {name}")))
        .transpose()?;
    let url = format!("{base}/readyz?verbose");
    let text = runtime(Some(1))?.block_on(ask(&url, token.as_deref()))?;
    let told: Told = serde_json::from_str(&text)
        .with_context(|| format!("{base} is no collector, or of another version"))?;
    if args.json {
        println!("{}", serde_json::to_string(&told)?);
    } else {
        print!("{}", screen(&told));
    }
    anyhow::ensure!(
        told.status == "ready",
        "the collector is not ready: it cannot write"
    );
    let signals = told.overview.signals.len();
    anyhow::ensure!(signals == 0, "{signals} signals: see above");
    Ok(())
}

/// Returns where this machine reaches what listens there.
fn reachable(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    anyhow::ensure!(
        listen.port() != 0,
        "server.listen has port 0, which is a free one: name the address by --url"
    );
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

async fn ask(url: &str, token: Option<&str>) -> anyhow::Result<String> {
    let mut request = http::client()?.get(url).timeout(TIMEOUT);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let mut response = request
        .send()
        .await
        .with_context(|| format!("asking {url}: is the collector running?"))?;
    let status = response.status().as_u16();
    anyhow::ensure!(
        status != 401,
        "the collector wants a token: --token-env NAME; `firsthand token create` makes one"
    );
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("reading the answer")? {
        body.extend_from_slice(&chunk);
        anyhow::ensure!(body.len() <= MAX_ANSWER_BYTES, "the answer is too large");
    }
    anyhow::ensure!(status == 200 || status == 503, "{url} answers {status}");
    String::from_utf8(body).context("the answer is no text")
}

/// Returns the screen for people.
fn screen(told: &Told) -> String {
    let overview = &told.overview;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}, up for {}",
        told.status.replace('_', " "),
        span(overview.at_ms - overview.since_ms)
    );
    let _ = writeln!(
        out,
        "\n{:<34} {:>10} {:>9} {:>9} {:>9} {:>9}",
        "sources", "last seen", "last hour", "usually", "known", "refused"
    );
    for source in &overview.sources {
        source_lines(&mut out, source, overview.at_ms);
    }
    if !overview.destinations.is_empty() {
        let _ = writeln!(
            out,
            "\n{:<34} {:>10} {:>9} {:>12}",
            "destinations", "gate", "lag", "dead letters"
        );
    }
    for destination in &overview.destinations {
        destination_line(&mut out, destination, overview.at_ms);
    }
    if overview.signals.is_empty() {
        out.push_str("\nnothing unusual\n");
    } else {
        out.push_str("\nunusual\n");
    }
    for signal in &overview.signals {
        let whose = [&signal.source, &signal.destination, &signal.event];
        let whose: Vec<&str> = whose.into_iter().flatten().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "  {:<12} {}: {} (for {})",
            signal.kind.as_str(),
            whose.join(" "),
            signal.message,
            span(overview.at_ms - signal.since_ms)
        );
    }
    out
}

fn source_lines(out: &mut String, source: &SourceNow, now_ms: i64) {
    let _ = writeln!(
        out,
        "  {:<32} {:>10} {:>9} {:>9} {:>9} {:>9}",
        source.name,
        ago(source.last_seen_ms, now_ms),
        source.last_hour,
        usual(source.usual_hour),
        source.duplicates_last_hour,
        source.refused_last_hour
    );
    for EventNow {
        name,
        last_seen_ms,
        last_hour,
        usual_hour,
    } in &source.events
    {
        let _ = writeln!(
            out,
            "    {name:<30} {:>10} {last_hour:>9} {:>9}",
            ago(*last_seen_ms, now_ms),
            usual(*usual_hour)
        );
    }
}

fn destination_line(out: &mut String, destination: &DestinationNow, now_ms: i64) {
    let since = destination.gate_since_ms;
    let _ = writeln!(
        out,
        "  {:<32} {:>10} {:>9} {:>12}{}",
        destination.name,
        destination.gate,
        span(destination.lag_secs * 1_000),
        destination.dead_letters,
        since.map_or_else(String::new, |since| format!(
            "  for {}",
            span(now_ms - since)
        ))
    );
}

fn usual(count: Option<u32>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

fn ago(at_ms: Option<i64>, now_ms: i64) -> String {
    at_ms.map_or_else(|| "never".to_owned(), |at_ms| span(now_ms - at_ms))
}

/// A time span in its two largest units.
fn span(ms: i64) -> String {
    let secs = ms.max(0) / 1_000;
    match (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60) {
        (0, 0, 0, secs) => format!("{secs} s"),
        (0, 0, minutes, secs) => format!("{minutes} m {secs} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} m"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_on_the_screen() {
        let told: Told = serde_json::from_str(
            r#"{"status":"ready","overview":{"since_ms":0,"at_ms":7200000,
            "sources":[{"name":"web","last_seen_ms":7190000,"last_hour":120,"usual_hour":400,"duplicates_last_hour":3,
              "refused_last_hour":1,"events":[{"name":"purchase","last_seen_ms":null,"last_hour":0,"usual_hour":null}]}],
            "destinations":[{"name":"meta","gate":"paused","gate_since_ms":7100000,"lag_secs":95,"dead_letters":2}],
            "signals":[{"kind":"volume_drop","source":"web","since_ms":7020000,"message":"120 in the last hour, usually 400"}]}}"#,
        )
        .unwrap();
        let want = "\
ready, up for 2 h 0 m

sources                             last seen last hour   usually     known   refused
  web                                    10 s       120       400         3         1
    purchase                            never         0         -

destinations                             gate       lag dead letters
  meta                                 paused  1 m 35 s            2  for 1 m 40 s

unusual
  volume_drop  web: 120 in the last hour, usually 400 (for 3 m 0 s)
";
        assert_eq!(screen(&told), want);
    }

    #[test]
    fn a_collector_that_listens_everywhere_is_reached_here() {
        let at = |text: &str| reachable(text.parse().unwrap()).map(|to| to.to_string());
        assert_eq!(at("0.0.0.0:8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(at("[::]:8080").unwrap(), "[::1]:8080");
        assert_eq!(at("10.0.0.3:80").unwrap(), "10.0.0.3:80");
        assert!(at("0.0.0.0:0").unwrap_err().to_string().contains("--url"));
    }
}
