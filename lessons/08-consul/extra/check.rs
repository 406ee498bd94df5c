//! The other ways to try a check: HTTP, gRPC and a script. [`crate::check::tcp`] is the one of the first
//! evening.

pub mod grpc;
pub mod http;
pub mod script;

use std::time::Duration;

use crate::check::Status;
use crate::definition::Probe;

/// Tries a check once, in whatever way its definition names; the caller bounds the time.
pub async fn other_ways(probe: &Probe) -> (Status, String) {
    match probe {
        Probe::Http {
            url,
            method,
            header,
            body,
        } => http::check(url, method, header, body).await,
        Probe::Grpc(target) => grpc::check(target).await,
        Probe::Script(args) => script::check(args).await,
        Probe::Tcp(_) | Probe::Ttl(_) | Probe::None => (Status::Critical, "nothing to run".into()),
    }
}

/// The output of a try that was not over after `timeout`.
pub fn late(probe: &Probe, timeout: Duration) -> String {
    match probe {
        Probe::Http { url, method, .. } => format!(
            "{} {url:?}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            http::verb(method)
        ),
        Probe::Tcp(address) => format!("dial tcp {address}: i/o timeout"),
        Probe::Grpc(_) => {
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded".into()
        }
        _ => format!("Timed out ({timeout:?}) running check"),
    }
}
