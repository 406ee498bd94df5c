//! What the tests of this lesson share: a Consul of each kind, and a plain look at what it knows.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use services::Side;
use services::consul::{Consul, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Both kinds; a test never passes by leaving one out.
pub const SIDES: [Side; 2] = [Side::Embedded, Side::Real];

/// A Consul of this kind, on a free port or on the given one.
pub async fn consul(side: Side, http_port: Option<u16>) -> Consul {
    let setup = Setup {
        side: Some(side),
        http_port,
        data_dir: None,
    };
    setup.start().await.unwrap()
}

/// One request without any client; the status and the body.
pub async fn call(addr: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let talk = async {
        let mut stream = TcpStream::connect(addr).await?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: consul\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, talk).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let chunked = (head.to_ascii_lowercase()).contains("transfer-encoding: chunked");
    let body = if chunked {
        joined(body)
    } else {
        body.to_string()
    };
    (head[9..12].parse().unwrap(), body)
}

/// A body in chunks, as one.
fn joined(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        whole.push_str(&rest[..length]);
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}

/// What Consul answers to a GET.
pub async fn get(addr: SocketAddr, path: &str) -> Value {
    let (status, body) = call(addr, "GET", path, "").await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Asks again and again until the answer is the wanted one.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The states of the checks of one instance, in the order of their names.
pub async fn states(addr: SocketAddr, id: &str) -> Vec<String> {
    let checks = get(addr, "/v1/agent/checks").await;
    let checks = checks.as_object().unwrap().values();
    let mut found: Vec<(String, String)> = checks
        .filter(|check| check["ServiceID"] == id)
        .map(|check| {
            let text = |member: &str| check[member].as_str().unwrap().to_string();
            (text("Name"), text("Status"))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, state)| state).collect()
}
