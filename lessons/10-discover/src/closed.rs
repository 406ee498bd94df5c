//! A server that ends says GOAWAY first: calls that it has taken are finished, later ones are not
//! begun. A call that crosses that word on the wire is INTERNAL for tonic, as if the protocol had been
//! broken. It did not run, so it can be made again: UNAVAILABLE, in the words of gRPC.

use std::error::Error;

use tonic::{Code, Status};

/// The status of a call whose connection may have been closed in good order.
#[must_use]
pub fn mended(status: Status) -> Status {
    if status.code() != Code::Internal {
        return status;
    }
    // A status that has come from the server has no source. Only what went wrong here has one.
    let mut source = status.source();
    while let Some(error) = source {
        let politely = error.downcast_ref::<h2::Error>().is_some_and(|error| {
            error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
        });
        if politely {
            return Status::unavailable("the server was about to end; the call did not run");
        }
        source = error.source();
    }
    status
}
