//! Accepts connections: at most so many, none that stays silent, and drains them at the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

use crate::request_id::{self, RequestId};

/// Rest after the system refused to accept (no file handles left).
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at a time; more wait in the system's queue.
    pub(crate) connections: usize,
    /// How long a connection may take to send a request's head, or stay idle between two.
    pub(crate) head_timeout: Duration,
}

/// Serves until `stopped` turns true, then finishes what is at work. Each request goes through the newest doors,
/// also on a connection that is older than they are.
pub(crate) async fn run(
    listener: TcpListener,
    doors: watch::Receiver<Router>,
    bounds: Bounds,
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
                let connection = graceful.watch(connection(stream, peer, &doors, bounds));
                tokio::spawn(async move {
                    // A connection that broke is its sender's affair.
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(permit);
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
    TokioIo<TcpStream>,
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
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let id = RequestId::of(request.headers());
        let mut router = doors.borrow().clone();
        request_id::traced(id, router.call(request))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .serve_connection(TokioIo::new(stream), service)
}
