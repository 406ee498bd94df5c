//! The guard stands in front of the routes and not behind them: it sees every path, those of methods
//! that are added next year and those that do not exist. So there is nothing to forget, and the
//! services stay free of it. First *who* is calling (UNAUTHENTICATED: bring a token), then *what*
//! they want (PERMISSION_DENIED: this token will never do). A header is bytes from outside: one that is
//! no text is no token, and no reason to panic. (An interceptor of tonic would do for the first
//! question; it does not see the path, so the second one needs a layer.)

use std::collections::HashMap;

use l06_grpc::middleware::Middleware;
use l06_grpc::greeter::Greetings;
use l06_grpc::hello::Hello;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::pb::hello::hello_service_server::HelloServiceServer;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::Request;
use tonic::transport::Server;

/// What each token opens: the full names of services, such as `hello.v1.HelloService`.
pub type Rights = HashMap<String, Vec<String>>;

/// Serves `Greeter`, `HelloService` and `grpc.health.v1.Health` to those who may call them.
pub async fn serve(listener: TcpListener, rights: Rights) -> Result<(), tonic::transport::Error> {
    let (_, health) = tonic_health::server::health_reporter();
    let guard = Middleware(
        move |request: Request<Body>, next: l06_grpc::middleware::Next| {
            let allowed = may(&rights, &request);
            async move {
                match allowed {
                    Ok(()) => next(request).await,
                    Err(status) => status.into_http(),
                }
            }
        },
    );
    Server::builder()
        .layer(guard)
        .add_service(HelloServiceServer::new(Hello))
        .add_service(GreeterServer::new(Greetings))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
}

/// Whether this call may go on.
fn may(rights: &Rights, request: &Request<Body>) -> Result<(), Status> {
    let token = request.headers().get("authorization");
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(opens) = token.and_then(|token| rights.get(token)) else {
        return Err(Status::unauthenticated(
            "who are you? authorization: Bearer TOKEN",
        ));
    };
    let path = request.uri().path();
    let service = path.trim_start_matches('/').split('/').next();
    if opens.iter().any(|name| Some(name.as_str()) == service) {
        Ok(())
    } else {
        Err(Status::permission_denied(
            "this token does not open this service",
        ))
    }
}
