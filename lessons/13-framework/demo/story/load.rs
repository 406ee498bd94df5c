//! Callers in a loop, and the counts of their calls.

use std::time::Duration;

use anyhow::ensure;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::How;
use l13_framework::client::Client;
use l13_framework::greeter::HELLO;
use stage::child::PATIENCE;
use stage::load::Load;

/// Starts so many callers, who pause 10 ms between two calls. What counts is the instance that has answered.
pub fn start(client: &Client, service: &str, callers: usize) -> Load {
    let (client, service) = (client.clone(), service.to_string());
    Load::start(callers, Duration::from_millis(10), move || {
        let (client, service) = (client.clone(), service.clone());
        async move { greet(&client, &service).await }
    })
}

/// Waits until this instance has answered so many calls.
pub async fn answers_of(load: &Load, id: &str, calls: u64) -> anyhow::Result<()> {
    ensure!(
        load.answers_of(id, calls, PATIENCE).await,
        "{id} does not answer"
    );
    Ok(())
}

/// One call: the instance that has answered.
async fn greet(client: &Client, service: &str) -> Result<String, String> {
    let request = HelloRequest {
        name: "Ada".to_string(),
    };
    let reply = client.call(service, HELLO, &request, How::safe()).await;
    let reply: HelloReply = reply.map_err(|failed| failed.to_string())?;
    let by = reply.message.rsplit(' ').next();
    Ok(by.unwrap_or_default().to_string())
}
