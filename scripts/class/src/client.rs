//! The learner's connection to the class: HTTP over TLS, the certificate compared with the fingerprint of the code.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::protocol::{KEY, NotTaken, SIGNATURE, Taken, sign};
use crate::tls;

/// For one request, or for connecting.
const LIMIT: Duration = Duration::from_secs(15);
/// The largest response, in bytes.
const RESPONSE: usize = 4 * 1024 * 1024;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The class has it.
    Taken(Taken),
    /// The class does not want it.
    Refused(NotTaken),
}

/// A client of one class. It connects when it has to, and again after a loss.
pub struct Client {
    address: String,
    config: Arc<ClientConfig>,
    sender: Option<SendRequest<Full<Bytes>>>,
    cookie: Option<String>,
}

impl Client {
    /// A client of the class at `address`, whose certificate has the short fingerprint `pin`.
    pub fn new(address: &str, pin: &str) -> Result<Self> {
        let config = Arc::new(tls::pinned(pin)?);
        Ok(Self {
            address: address.to_owned(),
            config,
            sender: None,
            cookie: None,
        })
    }

    /// Sends this cookie from now on.
    pub fn set_cookie(&mut self, cookie: String) {
        self.cookie = Some(cookie);
    }

    /// Signs a message and sends it.
    ///
    /// # Errors
    /// If the class cannot be reached, or is not able to keep the message now.
    pub async fn send(&mut self, key: &[u8], body: &[u8]) -> Result<Sent> {
        let (public, signature) = sign(key, body)?;
        let headers = [(KEY, public.as_str()), (SIGNATURE, signature.as_str())];
        let (status, reply) = self
            .request(Method::POST, "/api/member", &headers, body)
            .await?;
        if status == StatusCode::OK {
            return Ok(Sent::Taken(
                serde_json::from_slice(&reply).context("the class gave an odd reply")?,
            ));
        }
        if status.is_server_error() && status != StatusCode::INSUFFICIENT_STORAGE {
            bail!("the class is not able to keep the message now ({status})");
        }
        Ok(Sent::Refused(
            serde_json::from_slice(&reply)
                .with_context(|| format!("the class replied {status}"))?,
        ))
    }

    /// Gets `path`.
    ///
    /// # Errors
    /// If the class cannot be reached.
    pub async fn get(&mut self, path: &str) -> Result<(StatusCode, Vec<u8>)> {
        self.request(Method::GET, path, &[], &[]).await
    }

    /// Posts JSON to `path`.
    ///
    /// # Errors
    /// If the class cannot be reached.
    pub async fn post(
        &mut self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let headers = [("content-type", "application/json")];
        self.request(Method::POST, path, &headers, body.to_string().as_bytes())
            .await
    }

    /// One request; after an error the next one connects anew. Nothing is sent twice here: the caller knows what may be.
    ///
    /// # Errors
    /// If there is no connection, or no response in time.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>)> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body)))?;
        let mut sender = match self.sender.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => timeout(LIMIT, self.connect())
                .await
                .context("the class does not answer")??,
        };
        let exchange = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), RESPONSE)
                .collect()
                .await
                .map_err(|e| anyhow::anyhow!(e))?;
            Ok::<_, anyhow::Error>((status, body.to_bytes().to_vec()))
        };
        // A view makes the response wait.
        let response = timeout(LIMIT * 2, exchange)
            .await
            .context("the class does not answer")??;
        self.sender = Some(sender);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address)
            .await
            .with_context(|| format!("there is no class at {}", self.address))?;
        stream.set_nodelay(true)?;
        // The name is not compared: the fingerprint is.
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await;
        let stream = stream.with_context(|| {
            format!("the machine at {} is not the class of this code (its certificate has another fingerprint)", self.address)
        })?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
