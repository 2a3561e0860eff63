//! The network between collector and platforms: passes requests on, or does to them what the weather says.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::http::{self, Message};
use crate::weather::{Fault, Sky};

/// Longest time an answer that does not come is held; senders give up sooner.
const HOLD: Duration = Duration::from_secs(20);
/// Bytes of a slow answer that come at a time.
const DRIP_BYTES: usize = 16;
const PAGE: &str = "<!doctype html><title>Bad gateway</title><h1>Something went wrong</h1>";

/// A running proxy; ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub addr: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts a proxy before the platforms at `upstream`.
    pub async fn start(upstream: SocketAddr, sky: Sky) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let sky = sky.clone();
                // An end of a connection is what this is for.
                connections.spawn(async move {
                    let _ = serve(stream, upstream, &sky).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            addr,
            _tasks: tasks,
        })
    }
}

async fn serve(stream: TcpStream, upstream: SocketAddr, sky: &Sky) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    while let Some(request) = http::read(&mut client).await? {
        let platform = request.first_segment().to_owned();
        let Some(fault) = sky.draw(&platform) else {
            let answer = forward(upstream, request).await?;
            client.write_all(&answer.bytes()).await?;
            continue;
        };
        if !apply(fault, request, &mut client, upstream).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Does it; whether the connection goes on.
async fn apply(
    fault: Fault,
    request: Message,
    client: &mut BufReader<TcpStream>,
    upstream: SocketAddr,
) -> io::Result<bool> {
    match fault {
        Fault::Refuse(status, wait) => {
            let more = wait.map_or_else(String::new, |s| format!("retry-after: {s}\r\n"));
            let answer = http::answer(status, "application/json", &more, "{}");
            client.write_all(&answer.bytes()).await?;
            Ok(true)
        }
        Fault::Html(status) => {
            if status < 300 {
                // Who reads nothing but the status believes it.
                forward(upstream, request).await?;
            }
            let answer = http::answer(status, "text/html", "", PAGE);
            client.write_all(&answer.bytes()).await?;
            Ok(true)
        }
        Fault::Reset => {
            client.get_ref().set_zero_linger()?;
            Ok(false)
        }
        Fault::Hang => {
            // The sender's end is the end of the wait.
            let _ = tokio::time::timeout(HOLD, client.read_u8()).await;
            Ok(false)
        }
        Fault::LostAnswer => {
            forward(upstream, request).await?;
            Ok(false)
        }
        Fault::HalfAnswer => {
            let bytes = forward(upstream, request).await?.bytes();
            client.write_all(&bytes[..bytes.len() / 2]).await?;
            Ok(false)
        }
        Fault::Drip(pause_ms) => {
            let bytes = forward(upstream, request).await?.bytes();
            for part in bytes.chunks(DRIP_BYTES) {
                client.write_all(part).await?;
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            Ok(true)
        }
        Fault::WrongType => {
            let answer = forward(upstream, request).await?;
            let answer = answer
                .without("content-type")
                .with("content-type: image/gif");
            client.write_all(&answer.bytes()).await?;
            Ok(true)
        }
        Fault::Swallow => {
            let answer = claimed(&request);
            client.write_all(&answer.bytes()).await?;
            Ok(true)
        }
    }
}

/// Returns what the platform would say had it taken the request.
fn claimed(request: &Message) -> Message {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let events = body["data"].as_array().map_or(1, Vec::len);
    let body = format!(r#"{{"events_received":{events},"code":0,"message":"OK"}}"#);
    http::answer(200, "application/json", "", &body)
}

/// Passes a request on, over a connection of its own, and returns the platform's whole answer.
async fn forward(upstream: SocketAddr, request: Message) -> io::Result<Message> {
    let mut stream = BufReader::new(TcpStream::connect(upstream).await?);
    let request = request.without("connection").with("connection: close");
    stream.write_all(&request.bytes()).await?;
    let answer = http::read(&mut stream).await?;
    let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(answer.without("connection"))
}
