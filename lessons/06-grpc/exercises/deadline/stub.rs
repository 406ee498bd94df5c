use std::sync::Arc;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Source`, `Profiles`.
pub use super::given::*;

#[tonic::async_trait]
impl Greeter for Profiles {
    /// Asks all sources at the same time, each on a task of its own, so that they can use several cores.
    ///
    /// * The facts stand in the reply in the order of the sources.
    /// * The first source that fails ends the call at once, with its status.
    /// * When the call has ended, no source works on. A call ends with its reply, with a failure, when its
    ///   deadline expires, or when the caller cancels it.
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        let mut tasks = Vec::new();
        for source in &self.sources {
            let (source, name) = (Arc::clone(source), name.clone());
            tasks.push(tokio::spawn(async move { source.ask(&name).await }));
        }
        let mut facts = Vec::new();
        for task in tasks {
            let fact = task.await;
            facts.push(fact.map_err(|_| Status::internal("a source panicked"))??);
        }
        let message = format!("hello {name}: {}", facts.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
