//! When a deadline is over, or the caller hangs up, the server drops the future of the method. That
//! is all it can do: whatever is *part* of this future ends there, and a spawned task is none. A
//! `JoinHandle` that is dropped lets its task run on; a `JoinSet` that is dropped aborts all of its
//! tasks. So the set is a local variable, and every way out of the method, the early `?` as well,
//! ends the work. Answers come in any order and carry their place with them. (An abort takes
//! effect at the next `.await` of a task. A loop that only computes has to look for itself.)

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Source`, `Welcome`.
pub use super::given::*;

#[tonic::async_trait]
impl Greeter for Welcome {
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
        let mut known = vec![String::new(); self.sources.len()];
        while let Some(answer) = tasks.join_next().await {
            let (place, answer) = answer.map_err(|_| Status::internal("a source broke"))?;
            known[place] = answer?;
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
