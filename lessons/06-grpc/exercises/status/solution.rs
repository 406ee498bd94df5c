//! A code promises what helps. INVALID_ARGUMENT: only another request. NOT_FOUND: another name.
//! RESOURCE_EXHAUSTED: this caller has had its share. FAILED_PRECONDITION: something else must happen
//! first, so the same request in a moment fails again. UNAVAILABLE: the same request after a pause; client
//! libraries retry it by themselves, so no other failure may have this code. INTERNAL: the server is broken,
//! and its text goes to the log, not to the caller. The directory is not asked about an empty name, because
//! whether a request is well-formed does not depend on its state.

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

// Given in given.rs, beside this file: `Directory`, `DirectoryError`, `Users`.
pub use super::given::*;

#[tonic::async_trait]
impl<D: Directory> Greeter for Users<D> {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            let details = ErrorDetails::with_bad_request_violation("name", "must not be empty");
            let code = Code::InvalidArgument;
            return Err(Status::with_error_details(code, "empty name", details));
        }
        let id = self.0.id_of(&name).map_err(status)?;
        let message = format!("hello {name}, your id is {id}");
        Ok(Response::new(HelloReply { message }))
    }
}

/// The status of a request that the directory could not answer.
fn status(error: DirectoryError) -> Status {
    match error {
        DirectoryError::NoSuchUser => Status::not_found("no such user"),
        DirectoryError::QuotaUsedUp => Status::resource_exhausted("no requests left today"),
        DirectoryError::Locked => Status::failed_precondition("the account is locked"),
        DirectoryError::Copying(time) => {
            let details = ErrorDetails::with_retry_info(Some(time));
            Status::with_error_details(Code::Unavailable, "the directory is copied", details)
        }
        DirectoryError::Broken(text) => {
            eprintln!("the directory is broken: {text}");
            Status::internal("internal error")
        }
    }
}
