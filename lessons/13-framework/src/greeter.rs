//! The greeter of this lesson: lesson 06's contract, and an answer that says who has given it.

use l06_grpc::pb;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::Status;

use crate::options::{Options, Stop};
use crate::service::Service;

/// The name that callers ask for by default.
pub const NAME: &str = "go.micro.srv.greeter";

/// The one method of the greeter.
pub const HELLO: &str = "greeter.v1.Greeter/SayHello";

// ANCHOR: greeter
/// The service. It does not know its registry, nor the transport of its calls.
pub fn service(options: Options) -> Result<Service, Stop> {
    let service = Service::new(NAME).version("1.0.0").with(options)?;
    let me = service.id();
    Ok(service
        .descriptors(pb::DESCRIPTORS)
        .handle(HELLO, move |request| hello(me.clone(), request)))
}

async fn hello(me: String, request: HelloRequest) -> Result<HelloReply, Status> {
    if request.name.is_empty() {
        return Err(Status::invalid_argument("a greeting needs a name"));
    }
    let message = format!("hello {}, says {me}", request.name);
    Ok(HelloReply { message })
}
// ANCHOR_END: greeter
