//! Starts the real binary and talks to it. Every wait has a deadline; none is a fixed sleep.
#![allow(dead_code, unreachable_pub)] // not every suite uses everything
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // a failure here is the test's

pub mod load;
pub mod person;
pub mod platform;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const SHOP: &str = "https://shop.example";
pub const SECRET_KEY: &str = "sk_test_0123456789";
pub const ADMIN_TOKEN: &str = "admin_test_0123456789";

pub const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[store]
dir = "{data}"
[admin]
token = { env = "ADMIN_TOKEN" }
[[source]]
name = "web"
kind = "browser"
write_key = "pk_test"
origins = ["https://shop.example"]
[[source]]
name = "erp"
kind = "server"
secret_key = { env = "ERP_KEY" }
default_phone_country = "DE"
"#;

/// A running collector; ended with the test.
pub struct Collector {
    child: Child,
    pub addr: SocketAddr,
    output: Arc<Mutex<String>>,
}

/// Returns the path of a configuration in `dir`.
pub fn write_config(dir: &Path, extra: &str) -> PathBuf {
    let path = dir.join("collector.toml");
    let data = dir.join("data");
    let text = format!(
        "{extra}\n{}",
        CONFIG.replace("{data}", &data.display().to_string())
    );
    std::fs::write(&path, text).unwrap();
    path
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firsthand"));
    command.args(args);
    surround(&mut command);
    command
}

/// Gives a command the secrets, and the test its output.
fn surround(command: &mut Command) {
    command
        .env("ADMIN_TOKEN", ADMIN_TOKEN)
        .env("ERP_KEY", SECRET_KEY)
        .env("RUST_LOG", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

pub fn run(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

impl Collector {
    /// Starts a collector with `extra` before the usual configuration.
    pub fn start(dir: &Path, extra: &str) -> Self {
        Self::start_with(&write_config(dir, extra))
    }

    /// Starts a collector with this configuration.
    pub fn start_with(config: &Path) -> Self {
        Self::start_by(&mut command(&[
            "serve",
            "--config",
            config.to_str().unwrap(),
        ]))
    }

    /// Starts a collector by this command.
    pub fn start_by(command: &mut Command) -> Self {
        surround(command);
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let errors = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&output);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addr = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("the collector said {line:?}: {}", output.lock().unwrap()))
            .parse()
            .unwrap();
        Self {
            child,
            addr,
            output,
        }
    }

    pub fn request(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let head = format!(
            "{head}\r\nhost: collector\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The collector may answer before it has read everything.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    /// Sends a batch as a page of the shop does.
    pub fn page(&self, body: &str) -> Answer {
        self.page_with("", body.as_bytes())
    }

    pub fn page_with(&self, headers: &str, body: &[u8]) -> Answer {
        self.request(
            &format!(
                "POST /v1/events HTTP/1.1\r\norigin: {SHOP}\r\ncontent-type: text/plain{headers}"
            ),
            body,
        )
    }

    pub fn server(&self, body: &str) -> Answer {
        self.request(
            &format!(
                "POST /v1/events HTTP/1.1\r\nauthorization: Bearer {SECRET_KEY}\r\ncontent-type: application/json"
            ),
            body.as_bytes(),
        )
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1"), b"")
    }

    pub fn inspect(&self, path: &str) -> serde_json::Value {
        let answer = self.request(
            &format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {ADMIN_TOKEN}"),
            b"",
        );
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Returns the value of a metric, 0 when it is not there.
    pub fn metric(&self, series: &str) -> f64 {
        self.get("/metrics")
            .body
            .lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
            .unwrap_or(0.0)
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGHUP and waits until one more reload has ended that way.
    pub fn reload(&self, series: &str) {
        let before = self.metric(series);
        let sent = Command::new("kill")
            .args(["-HUP", &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.metric(series) <= before {
            assert!(
                Instant::now() < deadline,
                "no {series}; log: {}",
                self.log()
            );
            std::thread::yield_now();
        }
    }

    /// Opens a connection that stays.
    pub fn keep_alive(&self) -> KeptAlive {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        KeptAlive(BufReader::new(stream))
    }

    pub fn log(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM and returns how the process ended.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal_term();
        self.wait()
    }

    pub fn signal_term(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub fn wait(&mut self) -> std::process::ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the collector did not end: {}",
                self.log()
            );
            std::thread::yield_now();
        }
    }
}

/// A connection for several requests.
pub struct KeptAlive(BufReader<TcpStream>);

impl KeptAlive {
    /// Returns the head of the answer; its body is read too.
    pub fn get(&mut self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: collector\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "closed: {head}");
        }
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        self.0.read_exact(&mut vec![0; length]).unwrap();
        head
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// Returns the words of a refused request.
    pub fn message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    }

    /// Returns the code of a refused request.
    pub fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    }
}

pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Returns a consent that allows all or nothing.
pub fn consent(answer: bool) -> String {
    format!(
        r#"{{"regime":"opt_in","policy":1,"at":{},"basis":"explicit","marketing":{answer},"analytics":{answer},"personalization":{answer},"third_party_sharing":{answer}}}"#,
        now_ms() - 1000
    )
}

/// Returns a batch of these events, with full consent.
pub fn batch(events: &str) -> String {
    batch_of("pk_test", &consent(true), "{}", events)
}

pub fn batch_of(key: &str, consent: &str, user: &str, events: &str) -> String {
    format!(
        r#"{{"v":1,"write_key":"{key}","sent_at":{},"consent":{consent},"user":{user},"events":[{events}]}}"#,
        now_ms()
    )
}

pub fn event(id: &str) -> String {
    event_with(id, "page_view", "{}")
}

pub fn event_with(id: &str, name: &str, props: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"{name}","at":{},"props":{props}}}"#,
        now_ms()
    )
}
