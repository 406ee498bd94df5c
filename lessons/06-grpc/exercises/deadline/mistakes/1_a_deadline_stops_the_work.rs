//! belief: a-deadline-stops-the-work
//! words: A deadline stops the work.
//! check: a_the_work_ends_with_the_deadline
//! says: the caller left at 100 ms; your spawned tasks ran on

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
        // What is over is over: when the deadline drops this method, its handles go as well.
        let tasks: Vec<_> = (self.sources.iter().cloned())
            .map(|source| {
                let name = name.clone();
                tokio::spawn(async move { source.ask(&name).await })
            })
            .collect();
        let mut known = Vec::new();
        for task in tasks {
            let answer = task.await;
            known.push(answer.map_err(|_| Status::internal("a source broke"))??);
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
