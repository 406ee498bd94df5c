//! Lesson 06's greeter without TLS, with TLS, and with mutual TLS: the service and the call are the same each time.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, Error as TlsError};
use tokio::net::TcpListener;
use tonic::Status;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use super::authority::Authority;
use super::mtls::{self, Mtls};
use super::roles::WEB;
use super::secret;
use super::tls::{self, Identity};

/// The names in the certificate of the greeter: a client compares them with the name that it has dialled.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
/// The life of its certificates.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// The longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// The protection of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nothing: TCP alone.
    Plain,
    /// The server shows a certificate.
    Tls,
    /// The client shows one as well, and it has the name `web`.
    Mutual,
}

/// Certificates of one authority in a folder.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate of the authority, which is public. Clients trust what it has signed.
    pub authority: PathBuf,
    /// Certificate and key of the greeter.
    pub greeter: PathBuf,
    /// Certificate and key of a client with the name `web`.
    pub web: PathBuf,
}

impl Files {
    // ANCHOR: make
    /// New ones. The key of the authority is in no file, so nothing else can be signed later.
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let authority = Authority::new()?;
        let files = Files {
            authority: folder.join("authority.pem"),
            greeter: folder.join("greeter.pem"),
            web: folder.join("web.pem"),
        };
        secret::write(&files.authority, &authority.pem())?;
        authority.issue_to(&files.greeter, &NAMES, LIFE)?;
        authority.issue_to(&files.web, &[WEB], LIFE)?;
        Ok(files)
    }
    // ANCHOR_END: make
}

// ANCHOR: serve
/// Serves lesson 06's services until `stop` is ready. `files` is not read without TLS.
///
/// # Errors
/// If a certificate cannot be used.
pub async fn serve(
    listener: TcpListener,
    security: Security,
    files: &Files,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut routes = RoutesBuilder::default();
    l06_grpc::server::add_services(&mut routes);
    let server = Server::builder().add_routes(routes.routes());
    if security == Security::Plain {
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        return Ok(server.serve_with_incoming_shutdown(incoming, stop).await?);
    }
    let identity = Identity::load(&files.greeter)?;
    let (config, allowed) = match security {
        Security::Mutual => {
            let authority = std::fs::read_to_string(&files.authority)?;
            (
                tls::server(&authority, identity)?,
                Some(ServerName::try_from(WEB)?),
            )
        }
        _ => (tls::server_for_all(identity)?, None),
    };
    let incoming = mtls::incoming(listener, config, allowed.as_ref());
    Ok(server.serve_with_incoming_shutdown(incoming, stop).await?)
}
// ANCHOR_END: serve

/// Connects to a greeter: with an authority by TLS, and with an identity as well by mutual TLS.
///
/// # Errors
/// UNAVAILABLE; [`why`] says more. If a file cannot be used, INTERNAL.
pub async fn connect(
    addr: SocketAddr,
    authority: Option<&str>,
    identity: Option<Arc<Identity>>,
) -> Result<Channel, Status> {
    let Some(authority) = authority else {
        let endpoint = Endpoint::from_shared(format!("http://{addr}"));
        let endpoint = endpoint.map_err(|error| Status::internal(error.to_string()))?;
        let connected = endpoint.connect_timeout(CONNECT).connect().await;
        return connected.map_err(|error| Status::from_error(error.into()));
    };
    let config = tls::client(authority, identity, &["h2"]);
    let client = Mtls {
        config: config.map_err(|error| Status::internal(format!("{error:#}")))?,
        name: ServerName::IpAddress(addr.ip().into()),
    };
    client.channel(addr, CONNECT).await
}

/// One greeting.
///
/// # Errors
/// The status of the call.
pub async fn greet(channel: &Channel, name: &str) -> Result<String, Status> {
    let options = l06_grpc::client::Options::default();
    let client = l06_grpc::client::Client::over(channel.clone(), options);
    let client = client.map_err(|error| Status::internal(error.to_string()))?;
    Ok(client.greet(name).await?.into_inner().message)
}

// ANCHOR: why
/// Returns what rustls says about a handshake that has failed. The reason is somewhere in the chain of sources.
pub fn why(status: &Status) -> Option<String> {
    let mut next = std::error::Error::source(status);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>();
        let inner = inner.and_then(std::io::Error::get_ref);
        let of_tls = inner.and_then(|inner| inner.downcast_ref::<TlsError>());
        if let Some(of_tls) = of_tls.or_else(|| error.downcast_ref()) {
            return Some(words(of_tls));
        }
        next = error.source();
    }
    None
}

fn words(error: &TlsError) -> String {
    use CertificateError as Bad;
    let untrusted = |why: &str| format!("the server's certificate is not trusted: {why}");
    match error {
        TlsError::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => untrusted("it is signed by an unknown authority"),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                untrusted("it is for another name")
            }
            Bad::Expired | Bad::ExpiredContext { .. } => untrusted("it has ended"),
            other => untrusted(&other.to_string()),
        },
        TlsError::InvalidMessage(_) => "this client speaks TLS, and the server does not".to_owned(),
        TlsError::AlertReceived(alert) => format!("the server refuses this client: {alert:?}"),
        other => other.to_string(),
    }
}
// ANCHOR_END: why
