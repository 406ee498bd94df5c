//! belief: the-book-knows-what-is-wrong
//! words: The one who does the work checks the request.
//! check: a_wrong_request_is_called_wrong
//! says: Look at the request first

use std::time::Duration;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

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
        let table = self.0.table(&name).map_err(status);
        if name.is_empty() {
            let details = ErrorDetails::with_bad_request_violation("name", "must not be empty");
            let message = "the name must not be empty";
            return Err(Status::with_error_details(
                Code::InvalidArgument,
                message,
                details,
            ));
        }
        let table = table?;
        let message = format!("hello {name}, your table is {table}");
        Ok(Response::new(HelloReply { message }))
    }
}

fn status(trouble: Trouble) -> Status {
    match trouble {
        Trouble::Stranger => Status::not_found("nobody of this name is expected today"),
        Trouble::TooOften => Status::resource_exhausted("ten tables a day are enough"),
        Trouble::Closed => Status::failed_precondition("the restaurant is closed"),
        Trouble::Away(time) => {
            let details = ErrorDetails::with_retry_info(Some(time));
            let message = "the book is being copied";
            Status::with_error_details(Code::Unavailable, message, details)
        }
        Trouble::Broken(text) => {
            // A real service has a logger; what matters is who reads it.
            eprintln!("the book is broken: {text}");
            Status::internal("something is broken here; it has been written down")
        }
    }
}
