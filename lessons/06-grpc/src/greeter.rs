//! The first service: a greeting.

use tonic::{Request, Response, Status};

use crate::pb::greeter::greeter_server::Greeter;
use crate::pb::greeter::{HelloReply, HelloRequest};

/// Greets whoever gives a name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Greetings;

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

/// The name, or the status that says what is wrong with it.
pub(crate) fn given(name: String) -> Result<String, Status> {
    if name.is_empty() {
        return Err(Status::invalid_argument("the name is empty"));
    }
    Ok(name)
}
