//! One request to Consul over TLS, with a token, and its answer: for the operator's side, which asks rarely.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::secret::Secret;

/// The longest exchange, and the longest answer in bytes.
const LIMIT: Duration = Duration::from_secs(3);
const MOST: u64 = 4 << 20;

/// A client of Consul's API over TLS.
#[derive(Clone, Debug)]
pub struct Api {
    /// The authority of its certificate.
    pub config: Arc<ClientConfig>,
    /// The token of the one that asks; `None` is the anonymous one.
    pub token: Option<Secret>,
}

impl Api {
    /// The status and the body: JSON, or the text of an error.
    ///
    /// # Errors
    /// If no Consul answers in time, or its certificate is not for this address.
    pub async fn ask(
        &self,
        to: SocketAddr,
        method: &str,
        path: &str,
        body: &Value,
    ) -> io::Result<(u16, Value)> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let token = self.token.as_ref().map_or(String::new(), |token| {
            format!("X-Consul-Token: {}\r\n", token.reveal())
        });
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {to}\r\n{token}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        timeout(LIMIT, self.exchange(to, &request)).await?
    }

    async fn exchange(&self, to: SocketAddr, request: &str) -> io::Result<(u16, Value)> {
        let stream = TcpStream::connect(to).await?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let name = ServerName::IpAddress(to.ip().into());
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        match stream.take(MOST).read_to_end(&mut answer).await {
            // Consul closes the connection without the farewell of TLS.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
        }
        let answer = String::from_utf8_lossy(&answer);
        let no_http = || io::Error::other(format!("{to} does not answer in HTTP"));
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_http)?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        Ok((status.ok_or_else(no_http)?, body))
    }
}
