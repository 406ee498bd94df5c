use std::fmt;
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
pub enum Trouble {
    /// Nobody of this name is expected today.
    Stranger,
    /// This guest has asked for a table ten times today. More is not given to anybody.
    TooOften,
    /// The restaurant is closed. Asking again is in vain until somebody opens it.
    Closed,
    /// The book is being copied. It is back after this time, and then the answer will be there.
    Away(Duration),
    /// Something that must not happen has happened. The text is for those who repair it: it may
    /// hold paths, passwords, and names of other guests.
    Broken(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Stranger => write!(f, "a stranger"),
            Trouble::TooOften => write!(f, "too often today"),
            Trouble::Closed => write!(f, "the restaurant is closed"),
            Trouble::Away(time) => write!(f, "the book is away for {time:?}"),
            Trouble::Broken(text) => write!(f, "the book is broken: {text}"),
        }
    }
}

/// The desk at the door: `SayHello` greets a guest with `hello NAME, your table is N`.
pub struct Desk<B>(pub B);

#[tonic::async_trait]
impl<B: Book> Greeter for Desk<B> {
    /// Every failure has the code that tells the caller what to do about it: correct the request, wait
    /// and ask again, have something else done first, or give up. Beside it
    ///
    /// * a request that is wrong in itself (a name must not be empty) says which field is wrong and
    ///   why, as a `BadRequest` of `google.rpc`,
    /// * and who should wait is told for how long, as a `RetryInfo`.
    ///
    /// Both come with `tonic_types`: `ErrorDetails` and `StatusExt`.
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        match self.0.table(&name) {
            Ok(table) => {
                let message = format!("hello {name}, your table is {table}");
                Ok(Response::new(HelloReply { message }))
            }
            Err(trouble) => Err(Status::unknown(format!("no table for {name:?}: {trouble}"))),
        }
    }
}
