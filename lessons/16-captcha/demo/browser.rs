//! A browser as plain as can be: HTTP/1.1 on one connection that stays, and a cookie. For the soak and
//! the tests, which want to see every byte of an answer; so nothing here hides any.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Whoever is silent for longer is gone.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that was not used for so long is not used again: the server may be about to end it, and a
/// request that is lost on the way cannot be told from one that was answered.
const STALE: Duration = Duration::from_secs(2);

/// No head of an answer is longer, in bytes.
const HEAD: usize = 64 << 10;

/// No body is longer, in bytes.
const BODY: usize = 4 << 20;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Name, in small letters, and value.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What the site says of the outcome: "0" is success; nothing if this is no answer of the site.
    #[must_use]
    pub fn errno(&self) -> Option<String> {
        self.json()["errno"].as_str().map(str::to_string)
    }
}

/// Somebody with a browser.
#[derive(Debug)]
pub struct Browser {
    site: SocketAddr,
    /// `NAME=VALUE` of the cookie that the site has set last.
    cookie: Option<String>,
    kept: Option<(BufReader<TcpStream>, Instant)>,
}

impl Browser {
    /// One that has never been here.
    #[must_use]
    pub fn new(site: SocketAddr) -> Self {
        Browser {
            site,
            cookie: None,
            kept: None,
        }
    }

    /// The value of the cookie `session`, if the site has set one.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.cookie.as_deref()?.strip_prefix("session=")
    }

    /// Forgets who it is. The connection stays.
    pub fn forget(&mut self) {
        self.cookie = None;
    }

    /// The same person once more, on a connection of its own.
    #[must_use]
    pub fn in_another_window(&self) -> Self {
        Browser {
            site: self.site,
            cookie: self.cookie.clone(),
            kept: None,
        }
    }

    /// `GET`.
    ///
    /// # Errors
    /// If nobody listens, the connection breaks, or what comes back is not HTTP.
    pub async fn get(&mut self, target: &str) -> io::Result<Reply> {
        self.send("GET", target, None).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// As for [`Browser::get`].
    pub async fn post(&mut self, target: &str, json: &Value) -> io::Result<Reply> {
        let body = json.to_string();
        self.send("POST", target, Some(("application/json", &body)))
            .await
    }

    /// `POST` of a form.
    ///
    /// # Errors
    /// As for [`Browser::get`].
    pub async fn form(&mut self, target: &str, form: &str) -> io::Result<Reply> {
        let kind = "application/x-www-form-urlencoded";
        self.send("POST", target, Some((kind, form))).await
    }

    async fn send(
        &mut self,
        method: &str,
        target: &str,
        body: Option<(&str, &str)>,
    ) -> io::Result<Reply> {
        let reply = timeout(LONGEST, self.exchange(method, target, body)).await??;
        for (name, value) in &reply.headers {
            let value = value.split(';').next().unwrap_or_default();
            if name == "set-cookie" && value.starts_with("session=") {
                self.cookie = Some(value.to_string());
            }
        }
        Ok(reply)
    }

    async fn exchange(
        &mut self,
        method: &str,
        target: &str,
        body: Option<(&str, &str)>,
    ) -> io::Result<Reply> {
        let kept = self.kept.take();
        let kept = kept.filter(|(_, used)| used.elapsed() < STALE);
        let mut stream = match kept {
            Some((stream, _)) => stream,
            None => {
                let stream = TcpStream::connect(self.site).await?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.site);
        if let Some(cookie) = &self.cookie {
            // Writing to a string cannot fail.
            let _ = write!(head, "cookie: {cookie}\r\n");
        }
        if let Some((kind, body)) = body {
            let _ = write!(
                head,
                "content-type: {kind}\r\ncontent-length: {}\r\n",
                body.len()
            );
            // A browser tells where the page comes from that sends something.
            let _ = write!(head, "origin: http://{}\r\n", self.site);
        }
        head += "\r\n";
        head += body.map_or("", |(_, body)| body);
        stream.get_mut().write_all(head.as_bytes()).await?;
        let (reply, stays) = read(&mut stream).await?;
        if stays {
            self.kept = Some((stream, Instant::now()));
        }
        Ok(reply)
    }
}

/// Reads an answer, and whether the connection can be used again.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<(Reply, bool)> {
    let (mut line, mut length, mut stays) = (String::new(), 0, true);
    let mut headers = Vec::new();
    let mut status = None;
    loop {
        line.clear();
        let most = HEAD - headers.len().min(HEAD);
        let read = (&mut *stream)
            .take(most as u64)
            .read_line(&mut line)
            .await?;
        if read == 0 || headers.len() > 100 {
            return Err(not_http("it ended in the middle of a head"));
        }
        let text = line.trim_end();
        if status.is_none() {
            let code = text.strip_prefix("HTTP/1.1 ").and_then(|it| it.get(..3));
            status = Some(
                code.and_then(|code| code.parse().ok())
                    .ok_or_else(|| not_http(text))?,
            );
            continue;
        }
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| not_http(text))?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_string());
        match name.as_str() {
            "content-length" => length = value.parse().map_err(|_| not_http(text))?,
            "transfer-encoding" => return Err(not_http("an answer in chunks")),
            "connection" if value.eq_ignore_ascii_case("close") => stays = false,
            _ => {}
        }
        headers.push((name, value));
    }
    if length > BODY {
        return Err(not_http("a body that is too long"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let status = status.unwrap_or_default();
    let reply = Reply {
        status,
        headers,
        body,
    };
    Ok((reply, stays))
}

fn not_http(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not the HTTP that this browser knows: {what}"),
    )
}
