//! When the deadline expires, or the caller cancels, the server drops the future of the method. That is all
//! it can do: what is *part* of this future ends there, and a spawned task is not part of it. A `JoinHandle`
//! that is dropped lets its task run on; a `JoinSet` that is dropped aborts all of its tasks. So the set is a
//! local variable, and every way out of the method, the early `?` as well, ends the work. Facts arrive in any
//! order and carry their place with them. (An abort takes effect at the next `.await` of a task. A loop that
//! only computes has to check for itself.)

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Source`, `Profiles`.
pub use super::given::*;

#[tonic::async_trait]
impl Greeter for Profiles {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        let mut tasks = JoinSet::new();
        for (place, source) in self.sources.iter().cloned().enumerate() {
            let name = name.clone();
            tasks.spawn(async move { (place, source.ask(&name).await) });
        }
        let mut facts = vec![String::new(); self.sources.len()];
        while let Some(ended) = tasks.join_next().await {
            let (place, fact) = ended.map_err(|_| Status::internal("a source panicked"))?;
            facts[place] = fact?;
        }
        let message = format!("hello {name}: {}", facts.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
