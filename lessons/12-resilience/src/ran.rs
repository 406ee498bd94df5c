//! What a failed call says about itself: may it have run?

use std::error::Error;

use h2::Reason;
use l10_discover::closed;
use tokio::time::Instant;
use tonic::{Code, ConnectError, Status};

use l06_grpc::{deadline, lost};

/// Whether the other side may have done what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Certainly not: it was not reached, or it has said that it did not begin. The call can be made
    /// again, whatever it is.
    No,
    /// Nobody knows. Only a call that may run twice can be made again.
    Perhaps,
}

// ANCHOR: ran
/// What this status says about the call. Not its code: UNAVAILABLE can be a connection that was refused,
/// and also one that broke when the work was done. What is beneath the status can tell.
#[must_use]
pub fn ran(status: &Status) -> Ran {
    // A status that has come from the server has no source. Only what went wrong here has one.
    let mut source = status.source();
    while let Some(error) = source {
        let not_begun = error.is::<ConnectError>()
            || (error.downcast_ref::<h2::Error>()).is_some_and(|error| match error.reason() {
                // "Calls up to this number, I take; yours came later."
                Some(Reason::NO_ERROR) => error.is_go_away(),
                // "I did not begin with this one": so the specification of HTTP/2 defines it.
                Some(Reason::REFUSED_STREAM) => error.is_remote(),
                _ => false,
            });
        if not_begun {
            return Ran::No;
        }
        source = error.source();
    }
    Ran::Perhaps
}
// ANCHOR_END: ran

/// The status in the words of gRPC, where tonic has others. `until`: when the time of the call was over.
#[must_use]
pub fn mended(status: Status, until: Instant) -> Status {
    deadline::mended(closed::mended(lost::mended(status)), Some(until))
}

/// Whether it is worth asking again, or somebody else: the member has not answered, or only that it
/// cannot. Any other status is an answer, and would be the same tomorrow.
#[must_use]
pub fn unanswered(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

/// Whether the member is to blame, as far as one can see from here.
#[must_use]
pub fn blames(status: &Status) -> bool {
    unanswered(status)
        || matches!(
            status.code(),
            Code::Internal | Code::Unknown | Code::DataLoss
        )
}
