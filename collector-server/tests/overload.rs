//! Memory stays bounded and strangers stay out of the way, whoever comes and however slowly.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Answer, Collector, SHOP, batch, event};

const LONGEST: Duration = Duration::from_mins(2);

/// Starts a collector with these lines in `[server]` and `[limits]`.
fn start(dir: &std::path::Path, server: &str, limits: &str) -> Collector {
    let path = common::write_config(dir, &format!("[limits]\n{limits}\n"));
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        config.replace("[server]", &format!("[server]\n{server}")),
    )
    .unwrap();
    Collector::start_with(&path)
}

fn connect(collector: &Collector) -> TcpStream {
    let stream = TcpStream::connect(collector.addr).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    stream
}

fn head(length: usize) -> String {
    format!(
        "POST /v1/events HTTP/1.1\r\nhost: c\r\norigin: {SHOP}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// The most memory that the collector ever had, in MiB.
fn peak_mib(collector: &Collector) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", collector.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1024
}

/// Says what is missing where a process may not open so many connections.
fn assert_enough_files(connections: usize) {
    let files = firsthand_collector::open_files::raise();
    assert!(
        files.is_none_or(|files| files > connections as u64 + 100),
        "{files:?} open files are too few for {connections} connections: run `ulimit -Hn 8192` before"
    );
}

/// Returns the soft and the hard limit of open files.
fn open_files(pid: u32) -> [String; 2] {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let mut values = line.unwrap().split_whitespace().skip(3).map(str::to_owned);
    [values.next().unwrap(), values.next().unwrap()]
}

#[test]
fn a_low_limit_of_open_files_is_raised_as_far_as_it_may_be() {
    let dir = tempfile::tempdir().unwrap();
    let config = common::write_config(dir.path(), "");
    let collector = Collector::start_by(
        Command::new("sh")
            .args(["-c", "ulimit -Sn 300; exec \"$0\" serve --config \"$1\""])
            .arg(env!("CARGO_BIN_EXE_firsthand"))
            .arg(config),
    );
    let [soft, hard] = open_files(collector.id());
    assert_ne!(soft, "300");
    assert_eq!(soft, hard);
}

fn in_flight(collector: &Collector) -> f64 {
    collector.metric("firsthand_request_bytes_in_flight")
}

fn cut(collector: &Collector, reason: &str) -> f64 {
    collector.metric(&format!(
        "firsthand_connections_cut_total{{reason=\"{reason}\"}}"
    ))
}

/// Waits until it is so.
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONGEST;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// 3000 bodies of 512 kB come at a time and slowly: 1.5 GB in all, 32 MiB of which may be in memory.
#[test]
fn thousands_of_slow_bodies_are_refused_and_memory_stays_bounded() {
    const BODIES: usize = 3_000;
    const BODY_BYTES: usize = 512 * 1024;
    // As docs/config.md says: 64 MiB, three times the bytes in flight, 64 KiB and twice the head a connection.
    const MOST_MIB: u64 = 64 + 3 * 32 + (64 + 2 * 8) * BODIES as u64 / 1024;
    let dir = tempfile::tempdir().unwrap();
    let collector = start(
        dir.path(),
        "read_timeout_secs = 300",
        "bytes_in_flight = 33554432\nhead_bytes = 8192\nconnections_per_address = 0",
    );
    assert_enough_files(BODIES);
    let before_mib = peak_mib(&collector);
    let mut senders: Vec<TcpStream> = (0..BODIES)
        .map(|_| {
            let mut stream = connect(&collector);
            stream.write_all(head(BODY_BYTES).as_bytes()).unwrap();
            stream
        })
        .collect();
    // Round by round each sends a little, and none the last byte.
    let piece = vec![b' '; 8 * 1024];
    for _ in 0..BODY_BYTES / piece.len() - 1 {
        for sender in &mut senders {
            sender.write_all(&piece).unwrap();
        }
    }
    assert!(in_flight(&collector) <= 33_554_432.0);
    let peak_mib = peak_mib(&collector);
    assert!(
        peak_mib < MOST_MIB,
        "{peak_mib} MiB, {before_mib} before the flood"
    );
    // Now each sends the rest: who was refused hears so and when to come again, nobody is left without an answer.
    let rest = vec![b' '; piece.len()];
    let (mut refused, mut read) = (0, 0);
    for mut sender in senders {
        sender.write_all(&rest).unwrap();
        let answer = Answer::read(sender);
        match (answer.status, answer.code().as_str()) {
            (503, "overloaded") => {
                assert_eq!(answer.header("retry-after"), Some("1"));
                assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
                refused += 1;
            }
            // White space is no batch, but it was read to its end.
            (400, "invalid_json") => read += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= BODIES - 64, "only {refused} were refused");
    assert_eq!(refused + read, BODIES);
    let series = "firsthand_requests_refused_total{code=\"overloaded\"}";
    assert!((collector.metric(series) - f64::from(u32::try_from(refused).unwrap())).abs() < 0.1);
    // All room is given back, and the next visitor is taken.
    wait("room is missing", || in_flight(&collector) < 1.0);
    let answer = collector.page(&batch(&event("after-the-flood")));
    assert_eq!(answer.status, 202, "{}", answer.body);
}

/// A packet of one byte must not hold the buffer it was read into: 100 000 of them would be 800 MB.
#[test]
fn bodies_that_drip_take_no_more_than_their_bytes() {
    const DRIPS: usize = 1_000;
    const BODIES: usize = 100;
    const MOST_MIB: u64 = 64;
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "read_timeout_secs = 300", "");
    let before_mib = peak_mib(&collector);
    let mut senders: Vec<(TcpStream, String)> = (0..BODIES)
        .map(|nth| {
            let body = batch(&event(&format!("drip-{nth}")));
            let mut stream = connect(&collector);
            stream.set_nodelay(true).unwrap();
            let head = head(DRIPS + body.len());
            stream.write_all(head.as_bytes()).unwrap();
            (stream, body)
        })
        .collect();
    // In turns, so that what one sends is read before it sends again.
    for _ in 0..DRIPS {
        for (sender, _) in &mut senders {
            sender.write_all(b" ").unwrap();
        }
    }
    for (mut sender, body) in senders {
        sender.write_all(body.as_bytes()).unwrap();
        let answer = Answer::read(sender);
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let grown = peak_mib(&collector) - before_mib;
    assert!(grown < MOST_MIB, "{grown} MiB");
}

#[test]
fn a_head_or_a_path_that_is_too_large_is_refused_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "", "head_bytes = 8192\nuri_bytes = 1000");
    let long_header = format!(
        "GET /healthz HTTP/1.1\r\nhost: c\r\ncookie: {}\r\n\r\n",
        "c".repeat(9_000)
    );
    let many = "x-one-of-many: 1\r\n".repeat(200);
    let many_headers = format!("GET /healthz HTTP/1.1\r\nhost: c\r\n{many}\r\n");
    for request in [long_header, many_headers] {
        let before = cut(&collector, "head_too_large");
        let mut stream = connect(&collector);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
        wait("the refusal is not counted", || {
            cut(&collector, "head_too_large") > before
        });
    }
    let mut stream = connect(&collector);
    stream.write_all(b"GET /a b c HTTP/9\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    wait("it is not counted", || {
        cut(&collector, "head_invalid") >= 1.0
    });

    let longest = "/".to_owned() + &"p".repeat(999);
    assert_eq!(collector.get(&longest).status, 404);
    let answer = collector.get(&format!("{longest}?"));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (414, "uri_too_long")
    );
    assert!(answer.message().contains("more than 1000 bytes"));
    let series = "firsthand_requests_refused_total{code=\"uri_too_long\"}";
    assert!(collector.metric(series) >= 1.0);
}

/// Somebody asks for the SDK again and again and never reads.
/// Sends a request for the health on a connection; `None` where it was closed without an answer.
fn health(mut stream: TcpStream) -> Option<String> {
    let request = "GET /healthz HTTP/1.1\r\nhost: c\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    // A connection that is closed at once may break while the request is written, or read.
    let sent = stream.write_all(request.as_bytes());
    let read = sent.and_then(|()| stream.read_to_string(&mut answer));
    (read.is_ok() && !answer.is_empty()).then_some(answer)
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "", "connections_per_address = 3");
    let mut held: Vec<TcpStream> = (0..3).map(|_| connect(&collector)).collect();
    assert!(health(connect(&collector)).is_none(), "one more is closed");
    let answer = held.pop().and_then(health).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Its place is free once the connection has ended on the other side too.
    wait("a place is free", || health(connect(&collector)).is_some());
    held.clear();
    wait("all places are free", || {
        let streams: Vec<TcpStream> = (0..3).map(|_| connect(&collector)).collect();
        streams.into_iter().all(|stream| health(stream).is_some())
    });
    wait("places are free", || health(connect(&collector)).is_some());
    assert!(cut(&collector, "too_many") >= 1.0);
}

#[test]
fn who_takes_no_answer_is_cut_off_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "write_timeout_secs = 1", "");
    let mut stream = connect(&collector);
    stream.set_write_timeout(Some(LONGEST)).unwrap();
    let asks = "GET /sdk/fh.js HTTP/1.1\r\nhost: c\r\n\r\n".repeat(100);
    // Until the line is full in both directions and the other side has closed it.
    let began = Instant::now();
    while stream.write_all(asks.as_bytes()).is_ok() {
        assert!(began.elapsed() < LONGEST, "never cut off");
    }
    wait("the end is not counted", || {
        cut(&collector, "answer_not_taken") >= 1.0
    });
    assert_eq!(collector.page(&batch(&event("other"))).status, 202);
}

#[test]
fn a_connection_carries_so_many_requests_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "", "requests_per_connection = 3");
    let mut kept = collector.keep_alive();
    for nth in 1..=3 {
        let head = kept.get("/healthz").to_lowercase();
        assert_eq!(
            head.contains("connection: close"),
            nth == 3,
            "{nth}: {head}"
        );
    }
    let mut stream = connect(&collector);
    stream
        .write_all(
            "GET /healthz HTTP/1.1\r\nhost: c\r\n\r\n"
                .repeat(5)
                .as_bytes(),
        )
        .unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert_eq!(all.matches("HTTP/1.1 200").count(), 3, "{all}");
}
