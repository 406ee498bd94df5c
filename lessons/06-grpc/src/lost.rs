//! A connection that breaks while a call waits is UNAVAILABLE, says the documentation of gRPC's
//! status codes. tonic says UNKNOWN, or CANCELLED, as if somebody had wished it. A client that
//! repeats calls after UNAVAILABLE needs to know.

use std::error::Error;
use std::io;

use tonic::{Code, Status};

/// The status of a call on a client, whose connection may have been lost.
pub fn mended(status: Status) -> Status {
    if !matches!(status.code(), Code::Unknown | Code::Cancelled) {
        return status;
    }
    // A status that has come from the server has no source. Only what went wrong here has one.
    let mut source = status.source();
    while let Some(error) = source {
        let broken = error.is::<io::Error>()
            // An answer that has begun and breaks off: h2 keeps the reason to itself.
            || (error.downcast_ref::<h2::Error>()).is_some_and(h2::Error::is_io)
            || (error.downcast_ref::<hyper::Error>())
                .is_some_and(|error| error.is_canceled() || error.is_closed());
        if broken {
            let words = format!("the connection is lost ({error}); the call may have run");
            return Status::unavailable(words);
        }
        source = error.source();
    }
    status
}
