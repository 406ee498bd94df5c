//! belief: the-beginning-is-enough
//! words: Who knows the beginning of a token has it.
//! check: d_nearly_a_token_is_none
//! says: Nobody was given this token

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
    let Some(opens) = token.and_then(|token| {
        let mut known = rights.iter();
        known
            .find(|(name, _)| name.starts_with(token))
            .map(|(_, opens)| opens)
    }) else {
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
