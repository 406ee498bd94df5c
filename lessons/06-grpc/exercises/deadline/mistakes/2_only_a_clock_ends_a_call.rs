//! belief: only-a-clock-ends-a-call
//! words: Only a clock ends a call.
//! check: b_the_work_ends_when_the_caller_hangs_up
//! says: the caller has hung up; your spawned tasks ran on

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
        let time = request.metadata().get("grpc-timeout").and_then(|time| {
            let micros = time.to_str().ok()?.strip_suffix('u')?;
            micros.parse().map(std::time::Duration::from_micros).ok()
        });
        let time = time.unwrap_or(std::time::Duration::from_secs(30));
        let name = request.into_inner().name;
        let mut known = vec![String::new(); self.sources.len()];
        let (tell, mut answers) = tokio::sync::mpsc::channel(self.sources.len().max(1));
        for (place, source) in self.sources.iter().cloned().enumerate() {
            let (name, tell) = (name.clone(), tell.clone());
            tokio::spawn(async move {
                let work = tokio::time::timeout(time, source.ask(&name));
                if let Ok(answer) = work.await {
                    let _ = tell.send((place, answer)).await;
                }
            });
        }
        drop(tell);
        while let Some((place, answer)) = answers.recv().await {
            known[place] = answer?;
        }
        let message = format!("hello {name}: {}", known.join(", "));
        Ok(Response::new(HelloReply { message }))
    }
}
