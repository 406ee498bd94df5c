//! The service of gRPC's interoperability tests, on tonic. What it does is laid down in
//! <https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md>.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::body::Body;
use tonic::codegen::{BoxStream, Context, Pin, Poll, Service, http};
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::{Request, Response, Status, Streaming};

/// What the build made of `proto/grpc/testing`.
pub mod pb {
    #![allow(
        missing_docs,
        clippy::allow_attributes_without_reason,
        reason = "generated; the comments are in the .proto files"
    )]
    include!(concat!(env!("OUT_DIR"), "/grpc.testing.rs"));
}

use pb::test_service_server::{TestService, TestServiceServer};

/// The same for programs that read a file.
pub const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/testing.bin");

pub const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
pub const RESPONSE_SIZES: [i32; 4] = [31415, 9, 2653, 58979];
/// Comes back before the reply.
pub const INITIAL: &str = "x-grpc-test-echo-initial";
/// Comes back after it.
pub const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// A payload of so many zeros.
pub fn zeros(size: usize) -> Option<pb::Payload> {
    let body = vec![0; size];
    Some(pb::Payload { r#type: 0, body })
}

/// Serves the cases on a free port while the runtime lives; tells how calls with a stream end.
pub async fn serve() -> (SocketAddr, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (tell, heard) = unbounded_channel();
    let service = Trailers(TestServiceServer::new(Cases { tell }));
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (addr, heard)
}

struct Cases {
    tell: UnboundedSender<String>,
}

/// Tells that a call has begun, and that it is over.
struct Watched {
    name: &'static str,
    tell: UnboundedSender<String>,
}

impl Cases {
    fn watch(&self, name: &'static str) -> Watched {
        let tell = self.tell.clone();
        let watched = Watched { name, tell };
        watched.tell("begins");
        watched
    }
}

impl Watched {
    fn tell(&self, what: &str) {
        // The test may have heard enough.
        let _ = self.tell.send(format!("{} {what}", self.name));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.tell("is over");
    }
}

/// The first half of the echo. The other half is in [`Trailers`].
fn echo<T>(metadata: &MetadataMap, message: T) -> Response<T> {
    let mut response = Response::new(message);
    if let Some(value) = metadata.get(INITIAL) {
        response.metadata_mut().insert(INITIAL, value.clone());
    }
    response
}

fn wanted(status: Option<pb::EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) => Err(Status::new(status.code.into(), status.message)),
        None => Ok(()),
    }
}

fn size(wanted: i32) -> Result<usize, Status> {
    usize::try_from(wanted).map_err(|_| Status::invalid_argument("a size below zero"))
}

type Replies = BoxStream<pb::StreamingOutputCallResponse>;
type Sender = tokio::sync::mpsc::Sender<Result<pb::StreamingOutputCallResponse, Status>>;

/// Answers one request; `false` if the call is cancelled.
async fn reply(to: &Sender, request: pb::StreamingOutputCallRequest) -> bool {
    if let Err(status) = wanted(request.response_status) {
        let _ = to.send(Err(status)).await;
        return false;
    }
    for parameters in request.response_parameters {
        let pause = u64::try_from(parameters.interval_us).unwrap_or(0);
        tokio::time::sleep(Duration::from_micros(pause)).await;
        let response = size(parameters.size).map(|size| pb::StreamingOutputCallResponse {
            payload: zeros(size),
        });
        if to.send(response).await.is_err() {
            return false;
        }
    }
    true
}

#[tonic::async_trait]
impl TestService for Cases {
    async fn empty_call(&self, _: Request<pb::Empty>) -> Result<Response<pb::Empty>, Status> {
        Ok(Response::new(pb::Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<pb::SimpleRequest>,
    ) -> Result<Response<pb::SimpleResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        wanted(request.response_status)?;
        let payload = zeros(size(request.response_size)?);
        Ok(echo(&metadata, pb::SimpleResponse { payload }))
    }

    async fn streaming_output_call(
        &self,
        request: Request<pb::StreamingOutputCallRequest>,
    ) -> Result<Response<Replies>, Status> {
        let (metadata, _, request) = request.into_parts();
        let (sender, replies) = channel(1);
        tokio::spawn(async move { reply(&sender, request).await });
        Ok(echo(&metadata, Box::pin(ReceiverStream::new(replies))))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<pb::StreamingInputCallRequest>>,
    ) -> Result<Response<pb::StreamingInputCallResponse>, Status> {
        let watched = self.watch("streaming_input_call");
        let (metadata, _, mut requests) = request.into_parts();
        let mut sum = 0;
        while let Some(request) = requests.message().await? {
            sum += request.payload.map_or(0, |payload| payload.body.len());
        }
        // A client that cancels and one that has finished look the same from here: hyper ends the
        // stream of requests without an error for both. But it also drops the work on a call that is
        // cancelled, as soon as that waits for anything.
        tokio::task::yield_now().await;
        watched.tell("has its answer");
        let aggregated_payload_size =
            i32::try_from(sum).map_err(|_| Status::out_of_range("more than 2 GiB"))?;
        let reply = pb::StreamingInputCallResponse {
            aggregated_payload_size,
        };
        Ok(echo(&metadata, reply))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<pb::StreamingOutputCallRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let watched = self.watch("full_duplex_call");
        let (metadata, _, mut requests) = request.into_parts();
        let (sender, replies) = channel(1);
        tokio::spawn(async move {
            // An error means that the client is gone.
            while let Ok(Some(request)) = requests.message().await {
                if !reply(&sender, request).await {
                    break;
                }
            }
            drop(watched);
        });
        Ok(echo(&metadata, Box::pin(ReceiverStream::new(replies))))
    }

    // `unimplemented_call` is not here: then the generated code answers UNIMPLEMENTED.
}

/// Adds the trailing metadata. Around the service and not in it: what a tonic service returns with a
/// reply goes in front of it, and only an error has trailers of its own.
#[derive(Clone)]
struct Trailers<S>(S);

impl<S: NamedService> NamedService for Trailers<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Trailers<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let value = request.headers().get(TRAILING).cloned();
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let Some(value) = value else {
                return Ok(response);
            };
            let trailers =
                http::HeaderMap::from_iter([(http::HeaderName::from_static(TRAILING), value)]);
            Ok(response
                .map(|body| Body::new(body.with_trailers(std::future::ready(Some(Ok(trailers)))))))
        })
    }
}
