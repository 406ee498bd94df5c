use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tonic::Status;

// Given in given.rs, beside this file: `endpoint`.
pub use super::given::*;

/// A client of the `Greeter` at `addr`, for many names at once.
pub struct BatchGreeter {
    addr: SocketAddr,
}

impl BatchGreeter {
    /// Makes no call yet. It runs inside of a tokio runtime, as everything here.
    pub fn new(addr: SocketAddr) -> Self {
        BatchGreeter { addr }
    }

    /// Makes one call for each name, and returns the result of each call in the order of the names.
    ///
    /// * All calls of all batches share one connection.
    /// * All calls of a batch are under way at the same time. The server works on each for a while, and
    ///   on any number together: a hundred names take about as long as one.
    /// * A call that fails does not change the results of the others.
    pub async fn greet_all(&self, names: &[&str]) -> Vec<Result<String, Status>> {
        let mut results =
            vec![Err(Status::internal("the task of this call panicked")); names.len()];
        for (place, name) in names.iter().enumerate() {
            let name = name.to_string();
            results[place] = match endpoint(self.addr).connect().await {
                Ok(channel) => {
                    let mut client = GreeterClient::new(channel);
                    let reply = client.say_hello(HelloRequest { name }).await;
                    reply.map(|reply| reply.into_inner().message)
                }
                Err(error) => Err(Status::unavailable(error.to_string())),
            };
        }
        results
    }
}
