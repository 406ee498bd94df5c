//! A method on the network has three places. The implementation of the generated trait is the code. The
//! server runs it only for services that were added to its routes; the path of a request is compared with
//! these. And the client names the method: `SayName` has a path of its own, and messages of its own type.
//! An error is a `Status` and no reply, so `?` hands it on to the caller with its code.

use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::pb::hello::hello_service_client::HelloServiceClient;
use l06_grpc::pb::hello::hello_service_server::{HelloService, HelloServiceServer};
use l06_grpc::pb::hello::{HelloRequest, HelloResponse, NameRequest, NameResponse};
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// A second service: `hello.v1.HelloService`. Its contract is `proto/hello/v1/hello.proto`.
pub struct Hello;

#[tonic::async_trait]
impl HelloService for Hello {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        let msg = format!("hello {}", request.into_inner().name);
        Ok(Response::new(HelloResponse { msg }))
    }

    async fn say_name(
        &self,
        request: Request<NameRequest>,
    ) -> Result<Response<NameResponse>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("the name must not be empty"));
        }
        let msg = format!("your name is {name}");
        Ok(Response::new(NameResponse { msg }))
    }
}

/// The services of the server: `Greeter` and `HelloService`.
pub fn routes() -> Routes {
    let mut routes = RoutesBuilder::default();
    routes.add_service(GreeterServer::new(Greetings));
    routes.add_service(HelloServiceServer::new(Hello));
    routes.routes()
}

/// Calls `HelloService/SayName` over this channel, and returns the text of the reply.
pub async fn name_of(channel: Channel, name: &str) -> Result<String, Status> {
    let name = name.to_string();
    let mut client = HelloServiceClient::new(channel);
    let reply = client.say_name(NameRequest { name }).await?;
    Ok(reply.into_inner().msg)
}
