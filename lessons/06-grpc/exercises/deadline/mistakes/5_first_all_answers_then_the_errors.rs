//! belief: first-all-answers-then-the-errors
//! words: An error can wait until all answers are there.
//! check: e_a_no_ends_the_others
//! says: take the answers as they come

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
        for (place, source) in self.sources.iter().cloned().enumerate() {
            let name = name.clone();
            tasks.spawn(async move { (place, source.ask(&name).await) });
        }
        let mut answers = tasks.join_all().await;
        answers.sort_by_key(|(place, _)| *place);
        let mut known = Vec::new();
        for (_, answer) in answers {
            known.push(answer?);
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
