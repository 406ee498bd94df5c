//! belief: a-client-for-each-call
//! words: Each call needs a client of its own.
//! check: a_one_connection_carries_all_calls
//! says: 100 calls, 100 connections: clone the channel

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Endpoint;

/// What the guests of an evening hear. The greetings come from a `Greeter` at `addr`.
pub struct Evening {
    endpoint: Endpoint,
}

impl Evening {
    /// Nobody is called yet.
    pub fn new(addr: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{addr}"));
        let endpoint = endpoint.expect("an address makes a URI");
        Evening { endpoint }
    }

    /// Lets all of these guests be greeted at the same time.
    pub async fn greet_all(&self, guests: &[&str]) -> Vec<Result<String, Status>> {
        let mut calls = JoinSet::new();
        for (place, name) in guests.iter().enumerate() {
            let (mut greeter, name) = (
                GreeterClient::new(self.endpoint.connect_lazy()),
                name.to_string(),
            );
            calls.spawn(async move {
                let reply = greeter.say_hello(HelloRequest { name }).await;
                (place, reply.map(|reply| reply.into_inner().message))
            });
        }
        let mut greetings: Vec<_> = guests
            .iter()
            .map(|_| Err(Status::internal("the task of this call broke")))
            .collect();
        while let Some(done) = calls.join_next().await {
            if let Ok((place, greeting)) = done {
                greetings[place] = greeting;
            }
        }
        greetings
    }
}
