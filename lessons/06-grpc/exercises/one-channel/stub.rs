use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tonic::Status;

/// What the guests of an evening hear. The greetings come from a `Greeter` at `addr`.
pub struct Evening {
    addr: SocketAddr,
}

impl Evening {
    /// Nobody is called yet. (It runs inside of a tokio runtime, as everything here.)
    pub fn new(addr: SocketAddr) -> Self {
        Evening { addr }
    }

    /// Lets all of these guests be greeted, one call for each, and returns what came of each call, in
    /// the order of the guests. One that fails is no reason to forget the others.
    ///
    /// The greeter thinks about every guest for a while, and may think about many at the same time:
    /// a hundred guests should not wait much longer than one. All calls of an evening, however often
    /// this is called, share one connection.
    pub async fn greet_all(&self, guests: &[&str]) -> Vec<Result<String, Status>> {
        let mut greetings = Vec::new();
        for name in guests {
            let greeting = match GreeterClient::connect(format!("http://{}", self.addr)).await {
                Ok(mut client) => {
                    let name = name.to_string();
                    let reply = client.say_hello(HelloRequest { name }).await;
                    reply.map(|reply| reply.into_inner().message)
                }
                Err(error) => Err(Status::unavailable(error.to_string())),
            };
            greetings.push(greeting);
        }
        greetings
    }
}
