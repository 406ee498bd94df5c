//! Health and reflection, for any gRPC client.

use l06_grpc::server;
use tokio::sync::watch;
use tonic_health::ServingStatus::NotServing;
use tonic_health::server::HealthReporter;

/// Where the service reports that it does not serve any more.
pub(super) enum Health {
    /// `grpc.health.v1`, and the services that it knows.
    Grpc(HealthReporter, Vec<String>),
    /// `Debug.Health` of our own RPC.
    Own(watch::Sender<bool>),
    /// A server that is not ours.
    Unknown,
}

impl Health {
    /// Says NOT_SERVING from now on. Nothing is refused because of it.
    pub async fn end(&self) {
        match self {
            Health::Grpc(reporter, names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                server::report(reporter, &names, NotServing).await;
            }
            Health::Own(serving) => {
                serving.send_replace(false);
            }
            Health::Unknown => {}
        }
    }
}
