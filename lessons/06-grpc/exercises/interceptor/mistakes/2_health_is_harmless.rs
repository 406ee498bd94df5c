//! belief: health-is-harmless
//! words: What gRPC itself offers is for everybody.
//! check: a_no_method_answers_without_a_token
//! says: `Check` answered without a token

use std::collections::HashMap;

use l06_grpc::around::Around;
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
    let guard = Around(
        move |request: Request<Body>, next: l06_grpc::around::Next| {
            let of_grpc_itself = request.uri().path().starts_with("/grpc.");
            let allowed = if of_grpc_itself {
                Ok(())
            } else {
                may(&rights, &request)
            };
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
