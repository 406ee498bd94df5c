//! Asks a Consul: the names in its catalog, then the health of each name, which gives the instances
//! with their checks as of one moment.
//!
//! What listens at an address may be anything: every answer has a limit of time and of size.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::words::phone as words;

/// The longest answer, in bytes: 10,000 instances, each with a kilobyte of output.
const BODY: usize = 16 * 1024 * 1024;
/// The longest head of an answer, in bytes.
const HEAD: usize = 16 * 1024;
/// How long the first answer may take; a healthy Consul needs a millisecond.
const FIRST: Duration = Duration::from_secs(2);
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(10);
/// The names whose health is asked for; more are counted.
const NAMES: usize = 100;

/// What a Consul knows.
#[derive(Debug, Default)]
pub struct Book {
    /// The highest `X-Consul-Index` of the answers: the number of the last change.
    pub index: u64,
    /// The instances of each name.
    pub services: BTreeMap<String, Vec<Entry>>,
    /// Names beyond [`NAMES`].
    pub more: usize,
}

/// One instance as `/v1/health/service/NAME` lists it, with the checks of its node.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Entry {
    pub node: Node,
    pub service: Service,
    #[serde(deserialize_with = "or_default")]
    pub checks: Vec<Check>,
}

/// The node that an instance runs on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Node {
    #[serde(rename = "Node")]
    pub name: String,
    pub address: String,
}

/// The instance itself. An empty address means that of its node; Consul accepts any port, -1 too.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Service {
    #[serde(rename = "ID")]
    pub id: String,
    pub address: String,
    pub port: i64,
    #[serde(deserialize_with = "or_default")]
    pub tags: Vec<String>,
}

/// A check of the instance, or of its node if `service` is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Check {
    #[serde(rename = "CheckID")]
    pub id: String,
    pub name: String,
    pub status: String,
    /// The reason of a maintenance.
    pub notes: String,
    pub output: String,
    #[serde(rename = "ServiceID")]
    pub service: String,
    /// `tcp`, `http`, `grpc`, `ttl`, `script`, or empty. Consul before 1.7 has no such member.
    #[serde(rename = "Type")]
    pub kind: String,
}

/// Consul says `null` for an empty list.
fn or_default<'de, D, T>(value: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// Reads the names and the health of each.
///
/// # Errors
/// Why there is no usable answer, in words.
pub async fn read(addr: SocketAddr) -> Result<Book, String> {
    let all = async {
        let names = get::<BTreeMap<String, Vec<String>>>(addr, "/v1/catalog/services");
        let (index, names) = timeout(FIRST, names)
            .await
            .unwrap_or_else(|_| Err(words::late(FIRST)))?;
        let mut book = Book {
            index: index.ok_or_else(|| words::strange("it has no X-Consul-Index"))?,
            more: names.len().saturating_sub(NAMES),
            ..Book::default()
        };
        for name in names.into_keys().take(NAMES) {
            let path = format!("/v1/health/service/{}", escaped(&name));
            let (index, entries) = get(addr, &path).await?;
            book.index = book.index.max(index.unwrap_or(0));
            book.services.insert(name, entries);
        }
        Ok(book)
    };
    timeout(ALL, all)
        .await
        .unwrap_or_else(|_| Err(words::late(ALL)))
}

/// GETs `path`: its `X-Consul-Index` and its JSON.
async fn get<T: DeserializeOwned>(
    addr: SocketAddr,
    path: &str,
) -> Result<(Option<u64>, T), String> {
    let stream = TcpStream::connect(addr).await.map_err(|e| words::io(&e))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|e| words::http(&e))?;
    let request = Request::get(path)
        .header("Host", addr.to_string())
        .body(Empty::new())
        .map_err(|e| e.to_string())?;
    let ask = async {
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|e| words::http(&e))?;
        if answer.status() != 200 {
            return Err(words::status(answer.status().as_u16()));
        }
        let index = answer.headers().get("X-Consul-Index");
        let index = index.and_then(|index| index.to_str().ok()?.parse().ok());
        if answer.body().size_hint().lower() > BODY as u64 {
            return Err(words::LARGE.to_owned());
        }
        let body = Limited::new(answer.into_body(), BODY).collect().await;
        let body = body.map_err(|e| match e.is::<LengthLimitError>() {
            true => words::LARGE.to_owned(),
            false => words::strange("the answer was cut short"),
        })?;
        let value = serde_json::from_slice(&body.to_bytes());
        let value = value.map_err(|_| words::strange("the answer is not the JSON of a Consul"))?;
        Ok((index, value))
    };
    let (mut ask, mut connection) = (std::pin::pin!(ask), std::pin::pin!(connection));
    // The connection moves the bytes. It may end first; what it has read is in `ask` by then.
    tokio::select! {
        answer = &mut ask => answer,
        _ = &mut connection => ask.await,
    }
}

/// `name` as one part of a path. Everything unusual is escaped, the dot too: `..` must stay a name.
fn escaped(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_unknown_members_are_fine_and_a_name_stays_one_part_of_a_path() {
        let text = r#"[{"Node":{"Node":"n"},"Service":{"ID":"a","Tags":null,"Port":-1,"New":[1]},
            "Checks":null}]"#;
        let entries: Vec<Entry> = serde_json::from_str(text).expect("good");
        assert_eq!((entries[0].service.port, entries[0].checks.len()), (-1, 0));
        assert_eq!(escaped("../a?b#c d%"), "%2E%2E%2Fa%3Fb%23c%20d%25");
        assert_eq!(escaped("\r\n"), "%0D%0A");
    }
}
