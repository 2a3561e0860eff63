//! One sender: a connection that is kept, a request that is sent until it is acknowledged.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Address, Door, Expected, ORIGIN, Request, SECRET_KEY, Script};
use crate::clock::Clock;
use crate::debts::Debts;
use crate::http::{self, Message};

/// How long a sender waits before it tries again, unless the collector comes back before.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for an answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// A page or a backend.
#[derive(Debug)]
pub(super) struct Sender {
    to: Address,
    debts: Debts,
    clock: Clock,
    connection: Option<BufReader<TcpStream>>,
}

impl Sender {
    pub(super) fn new(to: Address, debts: Debts, clock: Clock) -> Self {
        Self {
            to,
            debts,
            clock,
            connection: None,
        }
    }

    /// Sends until it is over.
    pub(super) async fn run(mut self, mut script: Script, is_over: Arc<AtomicBool>) {
        while !is_over.load(Ordering::Acquire) {
            let request = script.next_request();
            let ids: Vec<String> = request.events.iter().map(|(id, _)| id.clone()).collect();
            self.debts.send(&ids);
            while !self.is_done(&request).await && !is_over.load(Ordering::Acquire) {
                // Sooner where the collector has come back.
                let _ = tokio::time::timeout(PAUSE, self.to.changed()).await;
            }
        }
    }

    /// Sends once; whether that was the end of it.
    async fn is_done(&mut self, request: &Request) -> bool {
        let Some(addr) = *self.to.borrow_and_update() else {
            self.connection = None;
            return false;
        };
        let exchange = self.exchange(addr, request);
        let Ok(Ok(answer)) = tokio::time::timeout(ANSWER_DEADLINE, exchange).await else {
            self.connection = None;
            return false;
        };
        match answer.status() {
            202 => self.acknowledged(request, &answer),
            status @ (429 | 503) => {
                self.debts.with(|book| {
                    *book.asked_to_wait.entry(status).or_default() += 1;
                    if answer.header("retry-after").is_none() {
                        book.complaints
                            .push(format!("{status} without retry-after"));
                    }
                });
                return false;
            }
            status => {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                self.debts
                    .with(|book| book.complaints.push(format!("{status} {body}")));
            }
        }
        true
    }

    async fn exchange(&mut self, addr: SocketAddr, request: &Request) -> std::io::Result<Message> {
        let mut stream = match self.connection.take() {
            Some(stream) if stream.get_ref().peer_addr().ok() == Some(addr) => stream,
            _ => BufReader::new(TcpStream::connect(addr).await?),
        };
        let body = request.body(self.clock.now_ms());
        let door = match request.door {
            Door::Page => format!("origin: {ORIGIN}\r\ncontent-type: text/plain"),
            Door::Backend => {
                format!("authorization: Bearer {SECRET_KEY}\r\ncontent-type: application/json")
            }
        };
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nhost: {addr}\r\nuser-agent: Mozilla/5.0\r\n{door}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .await?;
        let answer = http::read(&mut stream).await?;
        let answer = answer.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(stream);
        }
        Ok(answer)
    }

    /// Writes the debts down.
    fn acknowledged(&self, request: &Request, answer: &Message) {
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let refusals = told["rejected"].as_array().cloned().unwrap_or_default();
        let code_of = |at: usize| {
            let refusal = refusals.iter().find(|refusal| refusal["index"] == at)?;
            Some(refusal["code"].as_str().unwrap_or("").to_owned())
        };
        self.debts.with(|book| {
            book.acknowledged_requests += 1;
            for (at, (id, expected)) in request.events.iter().enumerate() {
                match (expected, code_of(at)) {
                    (Expected::Taken(owed), None) => {
                        book.owed.insert(id.clone(), *owed);
                    }
                    (Expected::Refused, Some(code)) if !code.is_empty() => {
                        book.refused.insert(id.clone());
                    }
                    (expected, code) => {
                        let words = format!("{id}: {code:?}, expected {expected:?}");
                        book.complaints.push(words);
                    }
                }
            }
        });
    }
}
