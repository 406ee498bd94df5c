//! Stages 8 and 10: the entry in Consul. It is made, looked at again and again, and made anew when it is missing.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::http::ask;

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
