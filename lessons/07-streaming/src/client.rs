//! The connection of a caller, and what went wrong in words: the libraries below tell the truth, but
//! each only about itself.

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

use crate::extra::tls;
use crate::pb::stream_service_client::StreamServiceClient;

// ANCHOR: settings
/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Trust what this authority has signed, and speak TLS. `None`: speak in the clear.
    pub authority: Option<String>,
    /// Goes with every call.
    pub token: Option<String>,
    /// How long connecting may take.
    pub connect: Duration,
    /// While a call runs, ask so often whether the server is still alive. Servers of strangers
    /// may take it ill: many allow one question in five minutes, and hang up on the third.
    pub ping: Duration,
    /// It must answer within this time.
    pub pong: Duration,
    /// So many bytes the server may send of one call before we have read them; `None` is the
    /// library's own choice, 2 MB.
    pub window: Option<u32>,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            authority: None,
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

/// Connects. Any number of calls can share what comes back, and clones of it.
///
/// # Errors
/// [`Trouble`], in words.
pub async fn connect(addr: SocketAddr, settings: &Settings) -> Result<Client, Trouble> {
    let token = match &settings.token {
        Some(token) => Some(
            format!("Bearer {token}")
                .parse()
                .map_err(|_| Trouble::Other("no header can carry this token".to_string()))?,
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
/// [`Trouble`], in words.
pub async fn channel(addr: SocketAddr, settings: &Settings) -> Result<Channel, Trouble> {
    let scheme = match settings.authority {
        Some(_) => "https",
        None => "http",
    };
    let trouble = |error: tonic::transport::Error| Trouble::of(addr, &error);
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{addr}"))
        .map_err(trouble)?
        .connect_timeout(settings.connect)
        .http2_keep_alive_interval(settings.ping)
        .keep_alive_timeout(settings.pong)
        .initial_stream_window_size(settings.window)
        .initial_connection_window_size(settings.window);
    if let Some(authority) = &settings.authority {
        endpoint = tls::trust(endpoint, authority, settings.connect).map_err(trouble)?;
    }
    endpoint.connect().await.map_err(trouble)
}

/// Why there is no connection, or why it broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No server listens there.
    #[error("nobody answers at {0}")]
    Nobody(SocketAddr),
    /// It took too long.
    #[error("{0} did not answer in time")]
    Slow(SocketAddr),
    /// The server has a certificate that the client has no reason to believe.
    #[error("we cannot trust the server's certificate: {}", tls::untrusted(.0))]
    Untrusted(String),
    /// The client spoke TLS, and the server did not.
    #[error("the server does not speak TLS, and we did")]
    ServerIsPlain,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl Trouble {
    fn of(addr: SocketAddr, error: &(dyn StdError + 'static)) -> Self {
        let chain = chain(error);
        let kinds = chain
            .iter()
            .filter_map(|error| error.downcast_ref::<io::Error>());
        for kind in kinds.map(io::Error::kind) {
            match kind {
                io::ErrorKind::ConnectionRefused => return Trouble::Nobody(addr),
                io::ErrorKind::TimedOut => return Trouble::Slow(addr),
                _ => {}
            }
        }
        let words = chain.last().map_or_else(String::new, ToString::to_string);
        if words.contains("deadline has elapsed") || words.contains("timed out") {
            return Trouble::Slow(addr);
        }
        // rustls is not among our own dependencies, so its words have to do.
        if let Some((_, why)) = words.split_once("invalid peer certificate: ") {
            return Trouble::Untrusted(why.to_string());
        }
        if words.contains("corrupt message") {
            return Trouble::ServerIsPlain;
        }
        Trouble::Other(words)
    }
}

/// A failed call in words: its code and its message. What tonic calls by another code than the
/// documentation of gRPC does is normalized, as in lesson 06.
#[must_use]
pub fn words(status: &Status) -> String {
    let status = normalized(status.clone());
    format!("{:?}: {}", status.code(), status.message())
}

/// The status that the documentation of gRPC has for what happened.
#[must_use]
pub fn normalized(status: Status) -> Status {
    let status = status::too_long(status::normalized(status, None));
    // In the middle of a stream: a status of the server has no source, only trouble of our own has.
    if let (Code::Unknown, Some(source)) = (status.code(), status.source()) {
        let why = chain(source)
            .last()
            .map_or_else(String::new, ToString::to_string);
        let words = format!("the connection is lost ({why}); what has come is not all");
        return Status::unavailable(words);
    }
    status
}

/// What else might be the matter when a connection in the clear broke before anything had come: a
/// server that speaks TLS hangs up on a client that does not. It says so in TLS, which HTTP/2 cannot read;
/// whether we still hear that, or only find the wire cut, is a matter of microseconds.
#[must_use]
pub fn hint(status: &Status, settings: &Settings) -> Option<&'static str> {
    let of_ours = status.source().is_some() || status.message().contains("protocol error");
    let in_the_middle = status.message().contains("reading a body");
    (of_ours && !in_the_middle && settings.authority.is_none())
        .then_some("Does the server speak TLS, or has it no seat left?")
}

/// An error, and its reason, and the reason of that.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> Vec<&'e (dyn StdError + 'static)> {
    let (mut chain, mut last) = (vec![error], error);
    while let Some(reason) = last.source() {
        chain.push(reason);
        last = reason;
    }
    chain
}
