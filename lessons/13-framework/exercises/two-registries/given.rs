//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

use l13_framework::service::{Leaving, Service};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The name of the service in a registry.
pub const NAME: &str = "go.micro.srv.tea";

/// Its method.
pub const BREW: &str = "tea.v1.Tea/Brew";

#[derive(Clone, PartialEq, prost::Message)]
pub struct BrewRequest {
    #[prost(string, tag = "1")]
    pub tea: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct BrewReply {
    #[prost(string, tag = "1")]
    pub message: String,
}

/// How long each step of the shutdown may take: short times, so that a verdict comes soon.
pub const LEAVING: Leaving = Leaving {
    goodbye: Duration::from_millis(500),
    notice: Duration::from_millis(50),
    grace: Duration::from_millis(500),
};

/// Becomes ready when the program shall end. Each clone of it does.
#[derive(Clone)]
pub struct Stop(pub watch::Receiver<bool>);

/// Runs a service on a free port of 127.0.0.1 until `stop`: it answers, registers, sends heartbeats. Then it
/// deregisters and ends. `Err` if the start has failed, or if the shutdown was not complete.
pub async fn run_until(service: Service, stop: Stop) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let Stop(mut stop) = stop;
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    service.run_on(listener, stopped).await?.well()
}
