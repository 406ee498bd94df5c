use std::sync::Arc;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Source`, `Welcome`.
pub use super::given::*;

#[tonic::async_trait]
impl Greeter for Welcome {
    /// Asks all sources at the same time, each on a task of its own, so that they may use every core.
    ///
    /// When a source says no, that is the status of the call, at once. And as soon as nobody waits for
    /// an answer any more, because it is given, or because the caller's time is over, or because the
    /// caller has hung up, no source works on.
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
        let mut known = Vec::new();
        for task in tasks {
            let answer = task.await;
            known.push(answer.map_err(|_| Status::internal("a source broke"))??);
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
