//! The load: closed-loop HTTP/1.1 connections on one thread, cheap enough that the server under test
//! is what limits.
//!
//! Requests are built once; only the event ids are patched for each, because an id that comes twice
//! is a duplicate and costs the collector nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What one run of load has shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throughput {
    /// Requests answered with 202 a second.
    pub requests_per_second: f64,
    /// Median time of one request, in microseconds.
    pub p50_us: f64,
    /// Time that 99 of 100 requests stay below, in microseconds.
    pub p99_us: f64,
}

/// Where the load goes and what it is.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Address of the server.
    pub addr: SocketAddr,
    /// Concurrent connections, each with one request under way.
    pub connections: usize,
    /// Events in one request.
    pub events: usize,
    /// How long to measure.
    pub duration: Duration,
    /// Load before the measurement starts.
    pub warm_up: Duration,
}

const ORIGIN: &str = "http://shop.test";
const ID_PREFIX: &str = "0199d2a4-";
const ID_DIGITS: usize = 27;

/// Returns the body of one request: a storefront's batch with its digests and touches. Each event id
/// starts with a known prefix, so that [`Template`] can find and patch it.
pub(crate) fn sample_body(events: usize, now_ms: i64) -> String {
    let list: Vec<String> = (0..events)
        .map(|_| {
            format!(
                r#"{{"id":"{ID_PREFIX}{}","name":"add_to_cart","at":{now_ms},"session":{now_ms},"page":{{"url":"https://shop.test/p/mug","ref":"https://shop.test/","title":"Mug"}},"props":{{"currency":"EUR","value":29.90,"items":[{{"item_id":"mug-01","item_name":"Mug","price":29.90,"quantity":1}}]}}}}"#,
                "0".repeat(ID_DIGITS)
            )
        })
        .collect();
    let digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
    format!(
        r#"{{"v":1,"write_key":"pk_load","sent_at":{now_ms},"context":{{"lang":"en-GB","tz":"Europe/London","screen":"1440x900","sdk":"web/0.1.0"}},"consent":{{"regime":"opt_in","gpc":false,"basis":"explicit","policy":1,"at":{now_ms},"marketing":true,"analytics":true,"personalization":true,"third_party_sharing":true}},"user":{{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f","em":["{digest}"],"ph":["{digest}"],"ph_e":["{digest}"],"fbp":"fb.1.1795471000000.123456789"}},"touch":{{"last":{{"at":{now_ms},"url":"https://shop.test/","ref":"https://www.google.com/","utm":{{"source":"google","medium":"cpc"}},"click":{{"gclid":"Cj0KCQiA-example"}}}}}},"events":[{}]}}"#,
        list.join(",")
    )
}

/// A request whose event ids can be replaced in place.
#[derive(Debug, Clone)]
struct Template {
    bytes: Vec<u8>,
    id_offsets: Vec<usize>,
    next: u64,
    step: u64,
}

impl Template {
    fn new(load: &Load, first: u64, step: u64, now_ms: i64) -> Self {
        let body = sample_body(load.events, now_ms);
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nHost: {}\r\nOrigin: {ORIGIN}\r\nContent-Type: text/plain;charset=UTF-8\r\nUser-Agent: load\r\nContent-Length: {}\r\n\r\n",
            load.addr,
            body.len()
        );
        let mut bytes = head.into_bytes();
        let start = bytes.len();
        bytes.extend_from_slice(body.as_bytes());
        let needle = format!("\"id\":\"{ID_PREFIX}");
        let id_offsets = body
            .match_indices(&needle)
            .map(|(at, _)| start + at + needle.len())
            .collect();
        Self {
            bytes,
            id_offsets,
            next: first,
            step,
        }
    }

    /// Writes new ids: `79b0-7cc3-98c4-` and twelve digits that count up.
    fn patch(&mut self) {
        for offset in &self.id_offsets {
            // The same layout as a UUIDv7, ordered in time like one.
            let id = format!(
                "{:04x}-7cc3-98c4-{:012x}",
                (self.next >> 20) & 0xffff,
                self.next
            );
            debug_assert_eq!(id.len(), ID_DIGITS);
            self.bytes[*offset..*offset + ID_DIGITS].copy_from_slice(id.as_bytes());
            self.next += self.step;
        }
    }
}

/// Loads one server and returns its throughput. Fails on any answer but 202: a benchmark of errors
/// says nothing.
///
/// `salt` makes the ids of this run differ from those of others against the same store.
pub(crate) async fn run(load: &Load, salt: u64) -> anyhow::Result<Throughput> {
    let started = Instant::now();
    let measure_from = started + load.warm_up;
    let until = measure_from + load.duration;
    let now_ms = now_ms()?;
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..load.connections {
        let load = load.clone();
        let first = (salt << 36) + connection as u64;
        tasks.spawn_local(async move {
            let step = load.connections as u64;
            let template = Template::new(&load, first, step, now_ms);
            one_connection(&load, template, measure_from, until).await
        });
    }
    let mut times = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        times.extend(joined.context("a connection's task ended early")??);
    }
    ensure!(!times.is_empty(), "no request was answered");
    times.sort_unstable();
    let at = |q: usize| f64::from(times[(times.len() - 1) * q / 100]) / 1000.0;
    #[allow(clippy::cast_precision_loss)]
    let count = times.len() as f64;
    Ok(Throughput {
        requests_per_second: count / load.duration.as_secs_f64(),
        p50_us: at(50),
        p99_us: at(99),
    })
}

/// Sends `events` events in all, as fast as the server takes them, and reports progress on stderr.
pub(crate) async fn fill(load: &Load, events: u64, salt: u64) -> anyhow::Result<()> {
    let now_ms = now_ms()?;
    let requests = events.div_ceil(load.events as u64);
    let tenth = requests.div_ceil(10).max(1);
    let left = std::rc::Rc::new(std::cell::Cell::new(requests));
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..load.connections {
        let load = load.clone();
        let left = std::rc::Rc::clone(&left);
        tasks.spawn_local(async move {
            let first = (salt << 36) + connection as u64;
            let mut template = Template::new(&load, first, load.connections as u64, now_ms);
            let mut stream = TcpStream::connect(load.addr).await.context("connecting")?;
            let mut buffer = Vec::with_capacity(4096);
            while left.get() > 0 {
                left.set(left.get() - 1);
                if left.get().is_multiple_of(tenth) {
                    crate::step(&format!("filling, {} requests to go", left.get()));
                }
                template.patch();
                stream.write_all(&template.bytes).await?;
                read_answer(&mut stream, &mut buffer).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.context("a connection's task ended early")??;
    }
    Ok(())
}

/// Sends one event at a time with a pause between, and returns each event's id with the time of its
/// answer in epoch milliseconds.
pub(crate) async fn paced(
    addr: SocketAddr,
    events: usize,
    pause: Duration,
) -> anyhow::Result<Vec<(String, i64)>> {
    let load = Load {
        addr,
        connections: 1,
        events: 1,
        duration: Duration::ZERO,
        warm_up: Duration::ZERO,
    };
    let mut stream = TcpStream::connect(addr).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut template = Template::new(&load, 0, 1, now_ms()?);
    let mut ticks = tokio::time::interval(pause);
    let mut accepted = Vec::with_capacity(events);
    for _ in 0..events {
        ticks.tick().await;
        template.patch();
        stream.write_all(&template.bytes).await?;
        read_answer(&mut stream, &mut buffer).await?;
        let offset = template
            .id_offsets
            .first()
            .context("no event in the sample")?;
        let id = &template.bytes[offset - ID_PREFIX.len()..offset + ID_DIGITS];
        accepted.push((std::str::from_utf8(id)?.to_owned(), now_ms()?));
    }
    Ok(accepted)
}

/// Fetches a page of text over a connection of its own.
pub(crate) async fn get(addr: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(addr).await.context("connecting")?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = find(&answer, b"\r\n\r\n").context("the answer has no head")?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "GET {path} was not answered with 200"
    );
    Ok(String::from_utf8(answer.split_off(end + 4))?)
}

fn now_ms() -> anyhow::Result<i64> {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(i64::try_from(since.as_millis())?)
}

async fn one_connection(
    load: &Load,
    mut template: Template,
    measure_from: Instant,
    until: Instant,
) -> anyhow::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(load.addr).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut nanoseconds = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= until {
            return Ok(nanoseconds);
        }
        template.patch();
        stream.write_all(&template.bytes).await?;
        read_answer(&mut stream, &mut buffer).await?;
        let answered = Instant::now();
        if sent >= measure_from && answered <= until {
            nanoseconds.push(u32::try_from((answered - sent).as_nanos()).unwrap_or(u32::MAX));
        }
    }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let (head, length) = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            let head = std::str::from_utf8(&buffer[..end])?;
            ensure!(
                head.starts_with("HTTP/1.1 202"),
                "the server answered {}",
                head.lines().next().unwrap_or_default()
            );
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Ok(0), |(_, value)| value.trim().parse::<usize>())?;
            break (end + 4, length);
        }
    };
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection inside an answer");
        }
    }
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_batch_that_the_collector_can_read() {
        let body = sample_body(10, 1_795_471_200_000);
        let (batch, events) = firsthand_core::wire::decode_batch(&body).unwrap();
        assert_eq!(batch.write_key, "pk_load");
        assert_eq!(events.len(), 10);
        assert!(events.iter().all(Result::is_ok));
    }

    #[test]
    fn patched_ids_are_uuids_and_never_come_twice() {
        let load = Load {
            addr: "127.0.0.1:1".parse().unwrap(),
            connections: 2,
            events: 3,
            duration: Duration::ZERO,
            warm_up: Duration::ZERO,
        };
        let mut seen = std::collections::HashSet::new();
        for first in 0..2 {
            let mut template = Template::new(&load, first, 2, 0);
            for _ in 0..100 {
                template.patch();
                for offset in &template.id_offsets {
                    let id = &template.bytes[offset - ID_PREFIX.len()..offset + ID_DIGITS];
                    let id = std::str::from_utf8(id).unwrap().to_owned();
                    assert!(firsthand_core::ids::is_uuid(&id), "{id}");
                    assert!(seen.insert(id));
                }
            }
        }
    }
}
