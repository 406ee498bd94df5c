//! The HTTP check: 2xx is passing, 429 (too many requests) is a warning, anything else is critical.
//!
//! One request in one connection, on hyper's client, and a few bytes of the answer. Plain `http` only; a
//! check over TLS is refused when it is registered.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderName, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use crate::check::Status;
use crate::check::tcp::dial;

/// So much of a body is worth keeping; the rest is not read.
const BODY: usize = 4096;
const HEAD: usize = 16 * 1024;
const INVALID: &str = "invalid header field value, method or path";
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
        if let Some(location) = answer.location.filter(|_| moved) {
            target = against(&target, &location);
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

/// Returns the method as Go's errors write it: `Get`, `Post`.
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
    location: Option<String>,
    body: String,
}

async fn ask(
    url: &str,
    method: &str,
    header: &BTreeMap<String, Vec<String>>,
    body: &str,
) -> Result<Answer, String> {
    let url: Uri = url.parse().map_err(|_| INVALID)?;
    let scheme = url.scheme_str().unwrap_or("");
    let (Some(authority), "http") = (url.authority(), scheme) else {
        return Err(format!("unsupported protocol scheme {scheme:?}"));
    };
    let address = format!(
        "{}:{}",
        authority.host(),
        authority.port_u16().unwrap_or(80)
    );

    let mut request = Request::new(Full::new(Bytes::from(body.to_owned())));
    *request.method_mut() = method.parse().map_err(|_| INVALID)?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| INVALID)?;
    let own = [
        ("host", authority.to_string()),
        ("user-agent", "Consul Health Check".to_owned()),
        ("accept", "text/plain, text/*, */*".to_owned()),
        ("connection", "close".to_owned()),
    ];
    let given = header.iter();
    let given = given.map(|(name, values)| (name.as_str(), values.join(", ")));
    for (name, value) in own.into_iter().chain(given) {
        let name: HeaderName = name.parse().map_err(|_| INVALID)?;
        let value = value.parse().map_err(|_| INVALID)?;
        request.headers_mut().insert(name, value);
    }

    let stream = TokioIo::new(dial(&address).await?);
    let mut http = http1::Builder::new();
    let connection = http.max_buf_size(HEAD).handshake(stream).await;
    let (mut sender, connection) = connection.map_err(in_words)?;
    // It ends with this call, and its error reaches the request as well.
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    let answer = sender.send_request(request).await.map_err(in_words)?;
    let (head, mut rest) = answer.into_parts();
    let mut body = Vec::new();
    // What came before the connection broke is still an answer.
    while body.len() < BODY
        && let Some(Ok(frame)) = rest.frame().await
    {
        body.extend_from_slice(frame.data_ref().map_or(b"", |data| data));
    }
    body.truncate(BODY);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let location = head.headers.get(header::LOCATION);
    let reason = head.extensions.get::<ReasonPhrase>();
    let usual = head.status.canonical_reason().unwrap_or("");
    Ok(Answer {
        code: head.status.as_u16(),
        reason: reason.map_or(usual.to_owned(), |reason| text(reason.as_bytes())),
        location: location.map(|location| text(location.as_bytes())),
        body: text(&body),
    })
}

/// As Go words it.
fn in_words(error: hyper::Error) -> String {
    if error.is_incomplete_message() {
        "EOF".into()
    } else if error.is_parse() {
        format!("malformed HTTP response: {error}")
    } else {
        error.to_string()
    }
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
    async fn a_header_is_one_line() {
        let header = BTreeMap::from([("x".to_owned(), vec!["a\r\nhost: other".to_owned()])]);
        let (status, output) = check("http://127.0.0.1:1/", "GET", &header, "").await;
        assert!(
            status == Status::Critical && output.contains("invalid"),
            "{output}"
        );
    }
}
