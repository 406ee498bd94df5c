//! The two services behind the gateway: `go.micro.srv.user` describes a user, `go.micro.srv.example` greets and
//! counts. They are plain: this lesson is about what stands in front of them.

use std::pin::Pin;
use std::time::Duration;

use l13_framework::options::{Options, Stop};
use l13_framework::service::Service;
use tokio::time::sleep;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use l14_gateway::pb;
use l14_gateway::pb::example::example_server::{Example, ExampleServer};
use l14_gateway::pb::example::{CallRequest, CallResponse, StreamRequest, StreamResponse};
use l14_gateway::pb::user::{HelloReply, HelloRequest};
use l14_gateway::web::{EXAMPLE, USER};

/// No name is longer, in bytes: it comes back in every answer.
pub const LONGEST: usize = 1000;

// ANCHOR: user
/// The user service. `slow` is how long each answer takes.
///
/// # Errors
/// What [`Service::with`] says about the options.
pub fn user(options: Options, slow: Duration) -> Result<Service, Stop> {
    let service = Service::new(USER).version("1.0.0").with(options)?;
    let id = service.id();
    let hello = move |request: HelloRequest| hello(id.clone(), request, slow);
    Ok(service
        .handle("user.v1.Say/Hello", hello)
        // What a gateway asks for that knows nothing.
        .descriptors(pb::USER))
}

async fn hello(id: String, request: HelloRequest, slow: Duration) -> Result<HelloReply, Status> {
    let username = checked(request.name)?;
    sleep(slow).await;
    Ok(HelloReply {
        // The notes answer with a password as well. A client that asks for a name needs none.
        id: "123".to_string(),
        username,
        answered_by: id,
    })
}
// ANCHOR_END: user

fn checked(name: String) -> Result<String, Status> {
    match name.len() {
        0 => Err(Status::invalid_argument("the name must not be empty")),
        1..=LONGEST => Ok(name),
        _ => Err(Status::invalid_argument(format!(
            "the name is longer than {LONGEST} bytes"
        ))),
    }
}

/// The example service.
///
/// # Errors
/// What [`Service::with`] says about the options.
pub fn example(options: Options) -> Result<Service, Stop> {
    let service = Service::new(EXAMPLE).version("1.0.0").with(options)?;
    Ok(service
        .grpc(ExampleServer::new(Greeter))
        .descriptors(pb::EXAMPLE))
}

struct Greeter;

/// Between two numbers.
const BEAT: Duration = Duration::from_millis(200);

#[tonic::async_trait]
impl Example for Greeter {
    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let name = checked(request.into_inner().name)?;
        let msg = format!("Hello {name}");
        Ok(Response::new(CallResponse { msg }))
    }

    type StreamStream = Pin<Box<dyn Stream<Item = Result<StreamResponse, Status>> + Send>>;

    async fn stream(
        &self,
        request: Request<StreamRequest>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let count = request.into_inner().count;
        if !(0..=100).contains(&count) {
            return Err(Status::out_of_range("count: from 0 to 100"));
        }
        let numbers = tokio_stream::iter(0..count).then(|count| async move {
            sleep(BEAT).await;
            Ok(StreamResponse { count })
        });
        Ok(Response::new(Box::pin(numbers)))
    }
}
