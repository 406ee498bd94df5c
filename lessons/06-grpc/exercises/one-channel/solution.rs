//! A channel is the connection, and many calls use it at the same time: each is a stream of HTTP/2 with a
//! number of its own. `say_hello` takes `&mut self`, which looks as if a client makes one call at a time. But
//! a clone of a client costs a counter, uses the same connection, and is its own `&mut`. So: one channel in
//! the struct, one clone for each call, and all calls begin before the first result is awaited. A task that
//! ends takes its place along, because tasks end in any order.

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

// Given in given.rs, beside this file: `endpoint`.
pub use super::given::*;

/// A client of the `Greeter` at `addr`, for many names at once.
pub struct BatchGreeter {
    client: GreeterClient<Channel>,
}

impl BatchGreeter {
    /// Makes no call yet.
    pub fn new(addr: SocketAddr) -> Self {
        let client = GreeterClient::new(endpoint(addr).connect_lazy());
        BatchGreeter { client }
    }

    /// Makes one call for each name, all at the same time.
    pub async fn greet_all(&self, names: &[&str]) -> Vec<Result<String, Status>> {
        let mut results =
            vec![Err(Status::internal("the task of this call panicked")); names.len()];
        let mut calls = JoinSet::new();
        for (place, name) in names.iter().enumerate() {
            let name = name.to_string();
            let mut client = self.client.clone();
            calls.spawn(async move {
                let reply = client.say_hello(HelloRequest { name }).await;
                (place, reply.map(|reply| reply.into_inner().message))
            });
        }
        while let Some(call) = calls.join_next().await {
            if let Ok((place, result)) = call {
                results[place] = result;
            }
        }
        results
    }
}
