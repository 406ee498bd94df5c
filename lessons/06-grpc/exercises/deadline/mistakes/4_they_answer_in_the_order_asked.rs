//! belief: they-answer-in-the-order-asked
//! words: They answer in the order in which they were asked.
//! check: d_answers_keep_their_places
//! says: answer in any order

use std::sync::Arc;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tokio::task::JoinSet;
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
        let mut tasks = JoinSet::new();
        for source in self.sources.iter().cloned() {
            let name = name.clone();
            tasks.spawn(async move { source.ask(&name).await });
        }
        let mut known = Vec::new();
        while let Some(answer) = tasks.join_next().await {
            known.push(answer.map_err(|_| Status::internal("a source broke"))??);
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
