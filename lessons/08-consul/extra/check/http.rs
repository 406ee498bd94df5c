//! The HTTP check: 2xx is passing, 429 (too many requests) is a warning, anything else is critical.
//!
//! One request in one connection and a few bytes of the answer: so little of HTTP that it is written
//! here by hand, as in lesson 02. Plain `http` only; a check over TLS is refused when it is registered.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::check::Status;
use crate::check::tcp::dial;

/// So much of a body is worth keeping; the rest is not read.
const BODY: usize = 4096;
const HEAD: usize = 16 * 1024;
/// As many as Go's client follows.
const REDIRECTS: usize = 10;

/// Asks once, and follows where it is sent.
pub async fn check(
    url: &str,
    method: &str,
    header: &BTreeMap<String, Vec<String>>,
    body: &str,
) -> (Status, String) {
    let mut target = url.to_owned();
    let mut asked = (method.to_owned(), body.to_owned());
    for _ in 0..=REDIRECTS {
        let answer = match ask(&target, &asked.0, header, &asked.1).await {
            Ok(answer) => answer,
            Err(words) => {
                return (
                    Status::Critical,
                    format!("{} {target:?}: {words}", verb(method)),
                );
            }
        };
        let moved = matches!(answer.code, 301 | 302 | 303 | 307 | 308);
        if let Some(location) = answer.header("location").filter(|_| moved) {
            target = against(&target, location);
            if answer.code < 304 && asked.0 != "HEAD" {
                asked = ("GET".to_owned(), String::new());
            }
            continue;
        }
        // ANCHOR: status
        let status = match answer.code {
            200..=299 => Status::Passing,
            429 => Status::Warning,
            _ => Status::Critical,
        };
        // ANCHOR_END: status
        let Answer {
            code, reason, body, ..
        } = answer;
        return (
            status,
            format!("HTTP {method} {url}: {code} {reason} Output: {body}"),
        );
    }
    (
        Status::Critical,
        format!("{} {target:?}: stopped after 10 redirects", verb(method)),
    )
}

/// How Go names a request in an error: `Get`, `Post`.
pub fn verb(method: &str) -> String {
    let mut letters = method.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
    first
        .chain(letters.map(|c| c.to_ascii_lowercase()))
        .collect()
}

struct Answer {
    code: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

async fn ask(
    url: &str,
    method: &str,
    header: &BTreeMap<String, Vec<String>>,
    body: &str,
) -> Result<Answer, String> {
    let Some(rest) = url.strip_prefix("http://") else {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        return Err(format!("unsupported protocol scheme {scheme:?}"));
    };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    // A port is what follows the last colon, unless that is inside the brackets of an IPv6 address.
    let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
    let address = if has_port {
        host.to_owned()
    } else {
        format!("{host}:80")
    };

    let mut head = format!("{method} {slash}{path} HTTP/1.1\r\n");
    let mut fields = BTreeMap::from([
        ("host".to_owned(), host.to_owned()),
        ("user-agent".to_owned(), "Consul Health Check".to_owned()),
        ("accept".to_owned(), "text/plain, text/*, */*".to_owned()),
    ]);
    for (name, values) in header {
        fields.insert(name.to_ascii_lowercase(), values.join(", "));
    }
    for (name, value) in &fields {
        head += &format!("{name}: {value}\r\n");
    }
    // A line end inside a name or a value would be a second header, or a second request.
    let lines = 1 + fields.len();
    if head.matches(['\r', '\n']).count() != 2 * lines || method.contains(' ') || url.contains(' ')
    {
        return Err("invalid header field value, method or path".into());
    }
    head += &format!(
        "content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );

    let mut stream = dial(&address).await?;
    let io = |error: std::io::Error| error.to_string();
    stream.write_all(head.as_bytes()).await.map_err(io)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        if let Some(at) = find(&bytes, b"\r\n\r\n") {
            if bytes.starts_with(b"HTTP/1.1 1") {
                // "Continue" and its like: the answer follows.
                bytes.drain(..at + 4);
                continue;
            }
            break at;
        }
        let count = stream.read(&mut piece).await.map_err(io)?;
        if count == 0 || bytes.len() > HEAD {
            return Err("EOF".into());
        }
        bytes.extend_from_slice(&piece[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or("").splitn(3, ' ');
    let (version, code) = (first.next().unwrap_or(""), first.next().unwrap_or(""));
    let code = code.parse().ok().filter(|_| version.starts_with("HTTP/1."));
    let mut answer = Answer {
        code: code.ok_or_else(|| format!("malformed HTTP response {head:.40?}"))?,
        reason: first.next().unwrap_or("").to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: String::new(),
    };

    let mut body = bytes.split_off(end + 4);
    let length = answer
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let most = length.unwrap_or(usize::MAX).min(BODY + 1);
    while body.len() < most {
        // What came before the connection broke is still an answer.
        let Ok(count @ 1..) = stream.read(&mut piece).await else {
            break;
        };
        body.extend_from_slice(&piece[..count]);
    }
    if answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.contains("chunked"))
    {
        body = unchunk(&body);
    }
    body.truncate(BODY.min(most));
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Ok(answer)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Takes the lengths out of a body that comes in chunks, as far as it came.
fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(bytes, b"\r\n") {
        let digits = String::from_utf8_lossy(&bytes[..end]);
        let digits = digits.split(';').next().unwrap_or("").trim();
        let Ok(length @ 1..) = usize::from_str_radix(digits, 16) else {
            break;
        };
        let rest = &bytes[end + 2..];
        body.extend_from_slice(&rest[..length.min(rest.len())]);
        bytes = rest.get(length.saturating_add(2)..).unwrap_or_default();
    }
    body
}

/// A location, which may be only a path.
fn against(url: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let host = rest.split('/').next().unwrap_or(rest);
    let slash = if location.starts_with('/') { "" } else { "/" };
    format!("http://{host}{slash}{location}")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &'static str) -> (Status, String) {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let (status, output) =
            check(&format!("http://{address}/"), "GET", &BTreeMap::new(), "").await;
        (status, output.replace(&address.to_string(), "ADDRESS"))
    }

    #[tokio::test]
    async fn the_code_speaks() {
        let passing = answered("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(
            passing,
            (
                Status::Passing,
                "HTTP GET http://ADDRESS/: 204 No Content Output: ".into()
            )
        );
        let busy = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nbusyX";
        let (status, output) = answered(busy).await;
        assert_eq!(status, Status::Warning);
        assert!(output.ends_with("Output: busy"), "{output}");
        assert_eq!(
            answered("HTTP/1.1 500 No\r\n\r\n").await.0,
            Status::Critical
        );
        assert_eq!(answered("not HTTP\r\n\r\n").await.0, Status::Critical);
        let (_, looped) = answered("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n").await;
        assert!(looped.contains("stopped after 10 redirects"), "{looped}");
    }

    #[tokio::test]
    async fn chunks_are_put_together() {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n";
        assert!(answered(chunked).await.1.ends_with("Output: hello"));
    }

    #[tokio::test]
    async fn a_header_is_one_line() {
        let header = BTreeMap::from([("x".to_owned(), vec!["a\r\nhost: other".to_owned()])]);
        let (status, output) = check("http://127.0.0.1:1/", "GET", &header, "").await;
        assert!(
            status == Status::Critical && output.contains("invalid"),
            "{output}"
        );
    }
}
