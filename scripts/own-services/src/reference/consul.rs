//! Stages 8 and 10: the entry in Consul. It is made, looked at again and again, and made anew when it is missing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Between two looks at the entry.
const PAUSE: Duration = Duration::from_millis(300);

/// Keeps the service at `grpc` registered with the Consul at `consul`.
pub async fn keep_registered(consul: String, grpc: SocketAddr) {
    // The port makes the id unique on this machine, and the same in each attempt.
    let id = format!("greeter-{}", grpc.port());
    let entry = json!({
        "Name": "greeter",
        "ID": id,
        "Address": grpc.ip().to_string(),
        "Port": grpc.port(),
        "Check": {
            "GRPC": format!("{grpc}/greeter.v1.Greeter"),
            "Interval": "1s",
            "Timeout": "500ms",
        },
    });
    loop {
        // An error means that Consul is away: it may come back.
        if let Ok(known) = ask(&consul, "GET", "/v1/agent/services", "").await
            && known.get(&id).is_none()
        {
            let path = "/v1/agent/service/register";
            let _ = ask(&consul, "PUT", path, &entry.to_string()).await;
        }
        sleep(PAUSE).await;
    }
}

/// Removes the entry, and waits until callers know it. `keep_registered` has ended before.
pub async fn leave(consul: &str, grpc: SocketAddr) {
    let path = format!("/v1/agent/service/deregister/greeter-{}", grpc.port());
    let _ = ask(consul, "PUT", &path, "").await;
    sleep(Duration::from_millis(150)).await;
}

/// One request by HTTP/1.0, whose reply ends with its connection. An empty body is null.
pub async fn ask(consul: &str, method: &str, path: &str, body: &str) -> io::Result<Value> {
    let asking = ask_with_index(consul, method, path, body);
    Ok(timeout(Duration::from_secs(1), asking).await??.1)
}

/// The same for a blocking query of some seconds, with the index of the reply.
pub async fn ask_with_index(
    consul: &str,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u64, Value)> {
    let asking = async {
        let mut stream = TcpStream::connect(consul).await?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {consul}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        let (head, body) = reply
            .split_once("\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if !head.contains(" 200 ") {
            return Err(io::Error::other(reply));
        }
        let index = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-consul-index")
                .then(|| value.parse().ok())?
        });
        Ok((
            index.unwrap_or_default(),
            serde_json::from_str(body).unwrap_or_default(),
        ))
    };
    timeout(Duration::from_secs(7), asking).await?
}
