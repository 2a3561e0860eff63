//! Accepts connections: at most so many, none that stays silent, and drains them at the end.
//!
//! Promises: a connection holds `limits.head_bytes` of what was read at most; who sends no head, or takes no answer,
//! is closed after a while; no address has more than `limits.connections_per_address`; each connection that ends before
//! its time is counted with the reason.

mod crowd;
mod patient;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

use self::crowd::Crowd;
use self::patient::Patient;
use crate::config::Config;
use crate::intake;
use crate::request_id::{self, RequestId};

/// Rest after the system refused to accept (no file handles left).
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Bounds of a listener.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Connections at a time; more wait in the system's queue.
    connections: usize,
    /// How long a connection may take to send a request's head, or stay idle between two.
    head_timeout: Duration,
    /// Largest head of a request, and largest buffer of a connection, in bytes.
    head_bytes: usize,
    /// Longest path with its query, in bytes.
    uri_bytes: usize,
    /// How long a client may take none of its answer.
    write_timeout: Duration,
    /// Requests that a connection carries.
    requests: u64,
    /// Age from which a connection is closed with its next answer.
    age: Duration,
}

impl Bounds {
    /// Returns what the configuration says.
    fn of(config: &Config) -> Self {
        let (server, limits) = (&config.server, &config.limits);
        Self {
            connections: limits.connections,
            head_timeout: Duration::from_secs(server.idle_timeout_secs),
            head_bytes: limits.head_bytes,
            uri_bytes: limits.uri_bytes,
            write_timeout: Duration::from_secs(server.write_timeout_secs),
            requests: limits.requests_per_connection,
            age: Duration::from_secs(server.connection_age_secs),
        }
    }
}

/// Counts a connection that ended before its time. A connection that breaks is its sender's affair.
fn ended(error: &hyper::Error) {
    let cause = std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    let reason = if error.is_parse_too_large() {
        "head_too_large"
    } else if error.is_parse() {
        "head_invalid"
    } else if cause == Some(std::io::ErrorKind::TimedOut) {
        "answer_not_taken"
    } else if error.is_timeout() {
        "head_timeout"
    } else {
        "broken"
    };
    cut(reason);
    tracing::debug!(%error, reason, "a connection ended early");
}

fn cut(reason: &'static str) {
    metrics::counter!("firsthand_connections_cut_total", "reason" => reason).increment(1);
}

/// Serves until `stopped` turns true, then finishes what is at work. Each request goes through the newest doors,
/// also on a connection that is older than they are.
pub(crate) fn run(
    config: &Config,
    listener: TcpListener,
    doors: watch::Receiver<Router>,
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + use<> {
    let (bounds, crowd) = (Bounds::of(config), Crowd::of(config));
    accept(listener, doors, bounds, crowd, stopped)
}

async fn accept(
    listener: TcpListener,
    doors: watch::Receiver<Router>,
    bounds: Bounds,
    crowd: Arc<Crowd>,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            // The sender lives as long as the process serves.
            _ = stopped.wait_for(|is_stopped| *is_stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = crowd.enter(peer.ip()) else {
                    cut("too_many");
                    continue;
                };
                let connection = graceful.watch(connection(stream, peer, &doors, bounds));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        ended(&error);
                    }
                    drop((permit, place));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    doors: &watch::Receiver<Router>,
    bounds: Bounds,
) -> http1::Connection<
    TokioIo<Patient<TcpStream>>,
    impl hyper::service::Service<
        hyper::Request<hyper::body::Incoming>,
        Response = axum::response::Response,
        Error = Infallible,
        Future: Send,
    > + use<>,
> {
    // Answers are small and final: waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let doors = doors.clone();
    let (began, carried) = (Instant::now(), AtomicU64::new(0));
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let id = RequestId::of(request.headers());
        let carried = carried.fetch_add(1, Ordering::Relaxed) + 1;
        let is_last = carried >= bounds.requests || began.elapsed() >= bounds.age;
        let uri = request.uri().path_and_query();
        let is_too_long = uri.is_some_and(|uri| uri.as_str().len() > bounds.uri_bytes);
        let mut router = doors.borrow().clone();
        request_id::traced(id, async move {
            let mut answer = if is_too_long {
                intake::uri_too_long(bounds.uri_bytes)
            } else {
                router.call(request).await?
            };
            if is_last {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        })
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .max_buf_size(bounds.head_bytes)
        .serve_connection(
            TokioIo::new(Patient::new(stream, bounds.write_timeout)),
            service,
        )
}
