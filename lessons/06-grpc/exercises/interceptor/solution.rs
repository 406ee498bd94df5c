//! The guard stands in front of the routes and not around one service: it sees every path, also those of
//! methods that are added next year and those that do not exist. So the services need no check of their own.
//! First *who* is calling (UNAUTHENTICATED: bring a token), then *what* is called (PERMISSION_DENIED: this
//! token does not help). A header is bytes from outside: one that is not text is no token, and no reason to
//! panic. (An interceptor of tonic would do for the first question; it does not see the path, so the second one
//! needs middleware.)

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
use tonic::transport::Server;

// Given in given.rs, beside this file: `Rights`.
pub use super::given::*;

/// Serves `Greeter`, `HelloService` and `grpc.health.v1.Health`, for callers that are allowed to call them.
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
        .layer(guard)
        .add_service(HelloServiceServer::new(Hello))
        .add_service(GreeterServer::new(Greetings))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
}

/// Whether this call may run.
fn authorize(rights: &Rights, request: &Request<Body>) -> Result<(), Status> {
    let token = request.headers().get("authorization");
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(opens) = token.and_then(|token| rights.get(token)) else {
        return Err(Status::unauthenticated("this call needs a known token"));
    };
    let service = request.uri().path().split('/').nth(1);
    if opens.iter().any(|name| Some(name.as_str()) == service) {
        Ok(())
    } else {
        Err(Status::permission_denied("not with this token"))
    }
}
