//! The first service: a greeting.

use tonic::{Request, Response, Status};

use crate::pb::greeter::greeter_server::Greeter;
use crate::pb::greeter::{HelloReply, HelloRequest};
use crate::refuse::given;

/// Greets by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Greetings;

// ANCHOR: method
#[tonic::async_trait]
impl Greeter for Greetings {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = given(request.into_inner().name)?;
        Ok(Response::new(HelloReply {
            message: format!("hello {name}"),
        }))
    }
}
// ANCHOR_END: method
