use std::collections::HashMap;

use l06_grpc::greeter::Greetings;
use l06_grpc::hello::Hello;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::pb::hello::hello_service_server::{HelloService, HelloServiceServer};
use l06_grpc::pb::hello::{HelloRequest, HelloResponse, NameRequest, NameResponse};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// What each token opens: the full names of services, such as `hello.v1.HelloService`.
pub type Rights = HashMap<String, Vec<String>>;

/// Serves `Greeter`, `HelloService` and `grpc.health.v1.Health` to those who may call them. A call
/// brings its token in its metadata: `authorization: Bearer TOKEN`.
///
/// * No token, or one that is not in `rights`: UNAUTHENTICATED, *whatever* is called. A stranger does
///   not even learn which services and methods there are.
/// * A known token, and a service that it does not open: PERMISSION_DENIED.
///
/// What somebody adds to this server next year must be guarded as well, without a thought of it.
///
/// Useful: `l06_grpc::middleware::Middleware` makes a layer of a function, and `request.uri().path()` is
/// `/hello.v1.HelloService/SayName`.
pub async fn serve(listener: TcpListener, rights: Rights) -> Result<(), tonic::transport::Error> {
    let (_, health) = tonic_health::server::health_reporter();
    Server::builder()
        .add_service(HelloServiceServer::new(Guarded {
            rights,
            hello: Hello,
        }))
        .add_service(GreeterServer::new(Greetings))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
}

struct Guarded {
    rights: Rights,
    hello: Hello,
}

#[tonic::async_trait]
impl HelloService for Guarded {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        let token = request.metadata().get("authorization");
        let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match token.and_then(|token| self.rights.get(token)) {
            Some(_) => self.hello.say_hello(request).await,
            None => Err(Status::unauthenticated("who are you?")),
        }
    }

    async fn say_name(
        &self,
        request: Request<NameRequest>,
    ) -> Result<Response<NameResponse>, Status> {
        self.hello.say_name(request).await
    }
}
