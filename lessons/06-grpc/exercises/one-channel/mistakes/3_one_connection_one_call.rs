//! belief: one-connection-one-call
//! words: One connection carries one call at a time.
//! check: b_calls_travel_together
//! says: at most 1 at the same time

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
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
        let mut greeter = self.greeter.clone();
        let mut greetings = Vec::new();
        for name in guests {
            let name = name.to_string();
            let reply = greeter.say_hello(HelloRequest { name }).await;
            greetings.push(reply.map(|reply| reply.into_inner().message));
        }
        greetings
    }
}
