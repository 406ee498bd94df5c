//! belief: replies-keep-the-order
//! words: Replies keep the order.
//! check: c_greetings_keep_their_places
//! says: end in any order

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
        let mut greetings = Vec::new();
        while let Some(done) = calls.join_next().await {
            greetings.extend(done.map(|(_, greeting)| greeting));
        }
        greetings
    }
}
