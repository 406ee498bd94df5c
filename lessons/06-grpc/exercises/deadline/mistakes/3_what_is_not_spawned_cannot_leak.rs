//! belief: what-is-not-spawned-cannot-leak
//! words: Without tasks there is no problem.
//! check: c_all_are_asked_at_the_same_time
//! says: at most 1 at once

use std::sync::Arc;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Request, Response, Status};

/// Somebody who knows one thing about a guest, and may have to search for it.
#[tonic::async_trait]
pub trait Source: Send + Sync + 'static {
    async fn ask(&self, name: &str) -> Result<String, Status>;
}

/// Greets a guest with everything that is known about them: `hello NAME: THIS, THAT`, in the order of
/// the sources.
pub struct Welcome {
    sources: Vec<Arc<dyn Source>>,
}

impl Welcome {
    pub fn new(sources: Vec<Arc<dyn Source>>) -> Self {
        Welcome { sources }
    }
}

#[tonic::async_trait]
impl Greeter for Welcome {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        let mut known = Vec::new();
        for source in &self.sources {
            known.push(source.ask(&name).await?);
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
