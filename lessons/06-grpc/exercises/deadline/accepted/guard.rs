//! Accepted: handles in a guard that aborts them when it is dropped, and a channel for the facts.

use std::sync::Arc;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Source`, `Profiles`.
pub use super::given::*;

struct Guard(Vec<JoinHandle<()>>);

impl Drop for Guard {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

#[tonic::async_trait]
impl Greeter for Profiles {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name: Arc<str> = request.into_inner().name.into();
        let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let mut guard = Guard(Vec::new());
        for (place, source) in self.sources.iter().cloned().enumerate() {
            let (name, sender) = (Arc::clone(&name), sender.clone());
            guard.0.push(tokio::spawn(async move {
                let _ = sender.send((place, source.ask(&name).await));
            }));
        }
        drop(sender);
        let mut facts = vec![None; self.sources.len()];
        while let Some((place, fact)) = ended.recv().await {
            facts[place] = Some(fact?);
        }
        let facts: Option<Vec<String>> = facts.into_iter().collect();
        let facts = facts.ok_or_else(|| Status::internal("a source panicked"))?;
        let message = format!("hello {name}: {}", facts.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
