//! A channel is the connection, and it is made for many calls at the same time: each is a stream of
//! HTTP/2 with a number of its own. `say_hello` takes `&mut self`, which looks as if a client could
//! do one thing at a time; a clone costs a counter, talks over the same connection, and is its own
//! `&mut`. So: one channel in the struct, one clone a call, all calls begun before the first one is
//! waited for. `connect_lazy` dials with the first call, and again when the connection is lost.

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// What the guests of an evening hear. The greetings come from a `Greeter` at `addr`.
pub struct Evening {
    greeter: GreeterClient<Channel>,
}

impl Evening {
    /// Nobody is called yet.
    pub fn new(addr: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{addr}"));
        let endpoint = endpoint.expect("an address makes a URI");
        Evening {
            greeter: GreeterClient::new(endpoint.connect_lazy()),
        }
    }

    /// Lets all of these guests be greeted at the same time.
    pub async fn greet_all(&self, guests: &[&str]) -> Vec<Result<String, Status>> {
        let mut calls = JoinSet::new();
        for (place, name) in guests.iter().enumerate() {
            let (mut greeter, name) = (self.greeter.clone(), name.to_string());
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
