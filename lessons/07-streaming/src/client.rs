//! The connection of a client, and its errors in words: each library below reports only its own part of
//! what went wrong.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::status;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::pb::stream_service_client::StreamServiceClient;

// ANCHOR: settings
/// The settings of a connection to a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Sent with every call.
    pub token: Option<String>,
    /// How long connecting may take.
    pub connect: Duration,
    /// While a call runs, send a PING this often. Many servers allow one in five minutes, and close the
    /// connection after the third that comes too early.
    pub ping: Duration,
    /// The server must answer the PING within this time.
    pub pong: Duration,
    /// The flow-control window, in bytes: how much the server may send before the client has read it. `None`
    /// is the library's default, 2 MB.
    pub window: Option<u32>,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            token: None,
            connect: Duration::from_secs(5),
            ping: Duration::from_secs(300),
            pong: Duration::from_secs(20),
            window: None,
        }
    }
}

/// A client of this lesson's service, with the token in front of every call.
pub type Client = StreamServiceClient<InterceptedService<Channel, Bearer>>;

/// Connects. Clones of the client share the connection, with any number of calls at the same time.
///
/// # Errors
/// [`ConnectError`], in words.
pub async fn connect(addr: SocketAddr, settings: &Settings) -> Result<Client, ConnectError> {
    let token = match &settings.token {
        Some(token) => Some(
            format!("Bearer {token}")
                .parse()
                .map_err(|_| ConnectError::Other("no header can carry this token".to_string()))?,
        ),
        None => None,
    };
    let channel = channel(addr, settings).await?;
    Ok(StreamServiceClient::with_interceptor(
        channel,
        Bearer(token),
    ))
}

/// Puts the token into the headers of each call.
#[derive(Clone, Debug)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// The connection alone, for other services.
///
/// # Errors
/// [`ConnectError`], in words.
pub async fn channel(addr: SocketAddr, settings: &Settings) -> Result<Channel, ConnectError> {
    let trouble = |error: tonic::transport::Error| ConnectError::of(addr, &error);
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))
        .map_err(trouble)?
        .connect_timeout(settings.connect)
        .http2_keep_alive_interval(settings.ping)
        .keep_alive_timeout(settings.pong)
        .initial_stream_window_size(settings.window)
        .initial_connection_window_size(settings.window);
    endpoint.connect().await.map_err(trouble)
}

/// Why a client could not connect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No program listens on this port.
    #[error("no server listens at {0}")]
    Refused(SocketAddr),
    /// Connecting took too long.
    #[error("{0} did not answer in time")]
    Slow(SocketAddr),
    /// Another reason.
    #[error("{0}")]
    Other(String),
}

impl ConnectError {
    fn of(addr: SocketAddr, error: &(dyn StdError + 'static)) -> Self {
        let chain = chain(error);
        let kinds = chain
            .iter()
            .filter_map(|error| error.downcast_ref::<io::Error>());
        for kind in kinds.map(io::Error::kind) {
            match kind {
                io::ErrorKind::ConnectionRefused => return ConnectError::Refused(addr),
                io::ErrorKind::TimedOut => return ConnectError::Slow(addr),
                _ => {}
            }
        }
        let words = chain.last().map_or_else(String::new, ToString::to_string);
        if words.contains("deadline has elapsed") || words.contains("timed out") {
            return ConnectError::Slow(addr);
        }
        ConnectError::Other(words)
    }
}

/// A failed call in words: its code and its message. The code is normalized to that of the gRPC
/// specification, as in lesson 06.
pub fn words(status: &Status) -> String {
    let status = normalized(status.clone());
    format!("{:?}: {}", status.code(), status.message())
}

/// The status that the gRPC specification has for this failure.
pub fn normalized(status: Status) -> Status {
    let status = status::too_long(status::normalized(status, None));
    // In the middle of a stream: a status from the server has no source, one made by the client has.
    if let (Code::Unknown, Some(source)) = (status.code(), status.source()) {
        let why = chain(source)
            .last()
            .map_or_else(String::new, ToString::to_string);
        let words = format!("the connection is lost ({why}); the replies are not complete");
        return Status::unavailable(words);
    }
    status
}

/// Two possible reasons when a connection broke before the first reply: a server at its limit closes it, and so does one
/// that speaks TLS.
pub fn hint(status: &Status) -> Option<&'static str> {
    let of_client = status.source().is_some() || status.message().contains("protocol error");
    let in_the_middle = status.message().contains("reading a body");
    (of_client && !in_the_middle)
        .then_some("Has the server reached its connection limit, or does it speak TLS?")
}

/// An error and all its sources.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> Vec<&'e (dyn StdError + 'static)> {
    let (mut chain, mut last) = (vec![error], error);
    while let Some(reason) = last.source() {
        chain.push(reason);
        last = reason;
    }
    chain
}
