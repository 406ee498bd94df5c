use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Directory`, `DirectoryError`, `Users`.
pub use super::given::*;

#[tonic::async_trait]
impl<D: Directory> Greeter for Users<D> {
    /// Every failure ends the call with the status code that tells the caller's program what to do.
    ///
    /// * An empty name is refused before the directory is asked, because the request is wrong whatever the
    ///   directory says. The details have a `BadRequest` with a violation of the field `name` and a
    ///   description.
    /// * For each `DirectoryError`, choose the code by what helps: another name, fewer requests, a step that
    ///   must come first, the same request after a pause, or a repair of the server.
    /// * `Copying(time)` has a `RetryInfo` with this time in its details.
    /// * The text of `Broken` goes to the log (`eprintln!`), and no part of it to the caller.
    ///
    /// `tonic_types` has `ErrorDetails` for the details, and `StatusExt` for statuses that have them.
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        let id = self.0.id_of(&name).map_err(status)?;
        let message = format!("hello {name}, your id is {id}");
        Ok(Response::new(HelloReply { message }))
    }
}

/// The status of a request that the directory could not answer.
fn status(error: DirectoryError) -> Status {
    Status::unknown(format!("the directory says: {error:?}"))
}
