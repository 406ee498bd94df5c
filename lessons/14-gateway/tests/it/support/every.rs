//! The services behind the gateway.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use l06_grpc::deadline::asked_for;
use l14_gateway::pb::every::every_service_server::EveryService;
use l14_gateway::pb::every::trouble_service_server::TroubleService;
use l14_gateway::pb::every::*;
use l14_gateway::pb::user::say_server::Say;
use l14_gateway::pb::user::{HelloReply, HelloRequest};
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

/// What happened at an instance.
#[derive(Debug, Default)]
pub struct Counts {
    /// Calls of reflection.
    pub reflections: AtomicU64,
    /// All other calls.
    pub calls: AtomicU64,
    /// Calls of `Work` that began.
    pub works: AtomicU64,
    /// Calls of `Wait`, `Work` and `Count` that were dropped before their end.
    pub dropped: AtomicU64,
    /// Messages that `Count` has made.
    pub counted: AtomicU64,
    /// How often something was stored.
    pub stored: AtomicU64,
}

/// Counts what comes.
pub fn count(
    counts: Arc<Counts>,
) -> impl FnMut(Request<()>) -> Result<Request<()>, Status> + Clone {
    move |request| {
        // The interceptor does not see the path; what reflection has and others have not is a stream
        // without a deadline.
        match request.metadata().get("grpc-timeout") {
            None => counts.reflections.fetch_add(1, Ordering::SeqCst),
            Some(_) => counts.calls.fetch_add(1, Ordering::SeqCst),
        };
        Ok(request)
    }
}

/// All services in one.
#[derive(Clone, Debug)]
pub struct Every {
    id: String,
    counts: Arc<Counts>,
}

impl Every {
    pub fn new(id: &str, counts: Arc<Counts>) -> Every {
        Every {
            id: id.to_string(),
            counts,
        }
    }

    /// Notes whether a call comes to its end.
    fn watched(&self) -> Watched {
        Watched {
            counts: self.counts.clone(),
            done: false,
        }
    }
}

struct Watched {
    counts: Arc<Counts>,
    done: bool,
}

impl Watched {
    fn ended(mut self) {
        self.done = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.done {
            self.counts.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tonic::async_trait]
impl Say for Every {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let username = request.into_inner().name;
        if username.is_empty() {
            return Err(Status::invalid_argument("name: at least one character"));
        }
        Ok(Response::new(HelloReply {
            id: "123".to_string(),
            username,
            answered_by: self.id.clone(),
        }))
    }
}

#[tonic::async_trait]
impl EveryService for Every {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let everything = request.into_inner().everything;
        Ok(Response::new(EchoResponse { everything }))
    }

    async fn store(
        &self,
        request: Request<StoreRequest>,
    ) -> Result<Response<StoreResponse>, Status> {
        Ok(Response::new(StoreResponse {
            part: request.into_inner().part,
            times: self.counts.stored.fetch_add(1, Ordering::SeqCst),
        }))
    }

    type CountStream = Pin<Box<dyn Stream<Item = Result<CountResponse, Status>> + Send>>;

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        let CountRequest {
            to,
            every_ms,
            fail_after,
        } = request.into_inner();
        let (counts, watched) = (self.counts.clone(), self.watched());
        let step = Duration::from_millis(every_ms.into());
        let (send, messages) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for number in 1..=to.min(1000) {
                if fail_after > 0 && number > fail_after {
                    drop(
                        send.send(Err(Status::resource_exhausted("no more numbers")))
                            .await,
                    );
                    break;
                }
                tokio::time::sleep(step).await;
                // The client has gone.
                if send.send(Ok(CountResponse { number })).await.is_err() {
                    return;
                }
                counts.counted.fetch_add(1, Ordering::SeqCst);
            }
            watched.ended();
        });
        let messages = tokio_stream::wrappers::ReceiverStream::new(messages);
        Ok(Response::new(Box::pin(messages)))
    }

    async fn add(
        &self,
        request: Request<Streaming<AddRequest>>,
    ) -> Result<Response<AddResponse>, Status> {
        let mut numbers = request.into_inner();
        let mut sum: i64 = 0;
        while let Some(number) = numbers.next().await {
            sum = sum.wrapping_add(number?.number);
        }
        Ok(Response::new(AddResponse { sum }))
    }
}

#[tonic::async_trait]
impl TroubleService for Every {
    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<FailResponse>, Status> {
        let FailRequest {
            code,
            message,
            details,
        } = request.into_inner();
        let code = Code::from(code);
        match (code, details) {
            (Code::Ok, _) => Ok(Response::new(FailResponse {})),
            (code, false) => Err(Status::new(code, message)),
            (code, true) => {
                let mut details = ErrorDetails::new();
                details
                    .add_bad_request_violation("message", "not this one")
                    .set_retry_info(Some(Duration::from_millis(1500)));
                Err(Status::with_error_details(code, message, details))
            }
        }
    }

    async fn wait(&self, request: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        let given = asked_for(&request.metadata().clone().into_headers());
        let given = given.map_err(Status::invalid_argument)?.unwrap_or_default();
        let id = request
            .metadata()
            .get("x-request-id")
            .and_then(|it| it.to_str().ok());
        let request_id = id.unwrap_or_default().to_string();
        let watched = self.watched();
        tokio::time::sleep(Duration::from_millis(request.into_inner().ms.into())).await;
        watched.ended();
        Ok(Response::new(WaitResponse {
            given_ms: u64::try_from(given.as_millis()).unwrap(),
            request_id,
            answered_by: self.id.clone(),
        }))
    }

    async fn work(&self, request: Request<WorkRequest>) -> Result<Response<WorkResponse>, Status> {
        let begun = self.counts.works.fetch_add(1, Ordering::SeqCst) + 1;
        let watched = self.watched();
        tokio::time::sleep(Duration::from_millis(request.into_inner().ms.into())).await;
        watched.ended();
        Ok(Response::new(WorkResponse {
            begun: u32::try_from(begun).unwrap(),
            answered_by: self.id.clone(),
        }))
    }
}
