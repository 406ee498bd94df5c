use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::pb::hello::hello_service_client::HelloServiceClient;
use l06_grpc::pb::hello::hello_service_server::HelloService;
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

    /// Replies `your name is NAME`, with the name as it was sent. For an empty name the call fails with
    /// INVALID_ARGUMENT.
    async fn say_name(
        &self,
        _request: Request<NameRequest>,
    ) -> Result<Response<NameResponse>, Status> {
        Err(Status::unimplemented("say_name is not written yet"))
    }
}

/// The services of the server: `Greeter` and `HelloService`.
pub fn routes() -> Routes {
    let mut routes = RoutesBuilder::default();
    routes.add_service(GreeterServer::new(Greetings));
    routes.routes()
}

/// Calls `HelloService/SayName` over this channel, and returns the text of the reply. If the call fails,
/// it returns the status of the call, unchanged.
pub async fn name_of(channel: Channel, name: &str) -> Result<String, Status> {
    let name = name.to_string();
    let mut client = HelloServiceClient::new(channel);
    let reply = client.say_hello(HelloRequest { name }).await?;
    Ok(reply.into_inner().msg)
}
