//! belief: errors-are-text
//! words: Errors are text.
//! check: a_wrong_request_is_called_wrong
//! says: The empty name gave UNKNOWN; it is INVALID_ARGUMENT

use std::time::Duration;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Request, Response, Status};

/// Where a restaurant writes down who sits where.
pub trait Book: Send + Sync + 'static {
    /// The table of a guest.
    fn table(&self, name: &str) -> Result<u32, Trouble>;
}

/// Why there is no table.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody of this name is expected today.
    Stranger,
    /// This guest has asked for a table ten times today. More is not given to anybody.
    TooOften,
    /// The restaurant is closed. Asking again is in vain until somebody opens it.
    Closed,
    /// The book is being copied. It is back after this time, and then the answer will be there.
    Away(Duration),
    /// Something that must not happen has happened.
    Broken(String),
}

/// The desk at the door: `SayHello` greets a guest with `hello NAME, your table is N`.
pub struct Desk<B>(pub B);

#[tonic::async_trait]
impl<B: Book> Greeter for Desk<B> {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::unknown(
                "invalid argument: the name must not be empty",
            ));
        }
        let table = self.0.table(&name);
        let table = table.map_err(|trouble| Status::unknown(format!("failed: {trouble:?}")))?;
        let message = format!("hello {name}, your table is {table}");
        Ok(Response::new(HelloReply { message }))
    }
}
