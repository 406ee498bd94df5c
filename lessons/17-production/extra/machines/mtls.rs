//! gRPC over TLS in which both sides show a certificate: who calls is known before the first byte of a call.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use l12_resilience::connector::Connector;
use l12_resilience::member::Member;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// The longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// So many handshakes at the same time. A connection that has none behind it is let in, and only peers of this site have
/// a certificate for one.
const HANDSHAKES: usize = 64;

// ANCHOR: incoming
/// The connections of peers whose certificate has this name; all others are refused in the handshake or right after it. Without
/// a name any peer is served that the configuration lets in.
pub fn incoming(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    allowed: Option<&ServerName<'static>>,
) -> ReceiverStream<io::Result<TlsStream<TcpStream>>> {
    let (accepted, incoming) = mpsc::channel(16);
    let acceptor = TlsAcceptor::from(config);
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    let allowed = allowed.cloned();
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let (stream, peer) = tokio::select! {
                stream = listener.accept() => match stream {
                    Ok(stream) => stream,
                    Err(_) => continue,
                },
                () = accepted.closed() => return,
            };
            let (acceptor, accepted) = (acceptor.clone(), accepted.clone());
            let allowed = allowed.clone();
            tokio::spawn(async move {
                match handshake(acceptor, stream, allowed.as_ref()).await {
                    Ok(stream) => drop(accepted.send(Ok(stream)).await),
                    Err(error) => tracing::warn!("{peer} is refused: {error}"),
                }
                drop(place);
            });
        }
    });
    ReceiverStream::new(incoming)
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    allowed: Option<&ServerName<'static>>,
) -> io::Result<TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let Some(allowed) = allowed else {
        return Ok(stream);
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let first = certificates.and_then(<[_]>::first);
    let first = first.ok_or_else(|| io::Error::other("no certificate"))?;
    let parsed = ParsedCertificate::try_from(first).map_err(io::Error::other)?;
    // The rule for the names of servers holds for any certificate.
    verify_server_name(&parsed, allowed)
        .map_err(|_| io::Error::other(format!("its certificate is not for {allowed:?}")))?;
    Ok(stream)
}
// ANCHOR_END: incoming

/// Connects to members whose certificate has this name. The address comes from Consul and the name from the caller: an
/// instance at a wrong address cannot answer in the name of the service.
#[derive(Clone, Debug)]
pub struct Mtls {
    /// What is trusted, and what is shown.
    pub config: Arc<ClientConfig>,
    /// The name of the service.
    pub name: ServerName<'static>,
}

// ANCHOR: connect
impl Mtls {
    /// A channel. When its connection breaks, it makes the next one, with the newest certificate.
    ///
    /// # Errors
    /// UNAVAILABLE if there is no such member within `deadline`.
    pub async fn channel(&self, addr: SocketAddr, deadline: Duration) -> Result<Channel, Status> {
        let (connector, name) = (
            TlsConnector::from(Arc::clone(&self.config)),
            self.name.clone(),
        );
        let dial = tower::service_fn(move |_| {
            let (connector, name) = (connector.clone(), name.clone());
            async move {
                let stream = TcpStream::connect(addr).await?;
                stream.set_nodelay(true)?;
                Ok::<_, io::Error>(TokioIo::new(connector.connect(name, stream).await?))
            }
        });
        // The connector above speaks TLS, so this name only stands in the requests.
        let endpoint = Endpoint::from_static("http://captcha")
            .connect_timeout(deadline)
            .http2_keep_alive_interval(Duration::from_secs(2))
            .keep_alive_timeout(Duration::from_secs(2));
        match timeout(deadline, endpoint.connect_with_connector(dial)).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) => Err(unreached(addr, error)),
            Err(late) => Err(unreached(addr, late)),
        }
    }
}

impl Connector for Mtls {
    type Connection = Channel;

    async fn connect(&self, member: &Member, deadline: Duration) -> Result<Channel, Status> {
        self.channel(member.addr, deadline).await
    }
}
// ANCHOR_END: connect

fn unreached(addr: SocketAddr, why: impl std::error::Error + Send + Sync + 'static) -> Status {
    let mut last: &dyn std::error::Error = &why;
    while let Some(source) = last.source() {
        last = source;
    }
    let mut status = Status::unavailable(format!("{addr} was not reached: {last}"));
    status.set_source(Arc::new(why));
    status
}
