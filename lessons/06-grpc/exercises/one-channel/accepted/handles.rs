//! Accepted: a task handle for each call, awaited in order, in place of a JoinSet.

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tonic::Status;
use tonic::transport::Channel;

// Given in given.rs, beside this file: `endpoint`.
pub use super::given::*;

pub struct BatchGreeter {
    channel: Channel,
}

impl BatchGreeter {
    pub fn new(addr: SocketAddr) -> Self {
        let channel = endpoint(addr).connect_lazy();
        BatchGreeter { channel }
    }

    pub async fn greet_all(&self, names: &[&str]) -> Vec<Result<String, Status>> {
        let spawn = |name: &&str| {
            let (channel, name) = (self.channel.clone(), name.to_string());
            tokio::spawn(async move {
                let mut client = GreeterClient::new(channel);
                client.say_hello(HelloRequest { name }).await
            })
        };
        let calls: Vec<_> = names.iter().map(spawn).collect();
        let mut results = Vec::new();
        for call in calls {
            let reply = call
                .await
                .unwrap_or_else(|error| Err(Status::internal(error.to_string())));
            results.push(reply.map(|reply| reply.into_inner().message));
        }
        results
    }
}
