//! Codes of tonic, normalized: what is corrected, and what the server said stays.

use std::io;
use std::time::Duration;

use l06_grpc::status::{may_have_run, normalized, too_long};
use tokio::time::Instant;
use tonic::{Code, Status};

fn caused(code: Code, error: io::Error) -> Status {
    let mut status = Status::new(code, "words");
    status.set_source(std::sync::Arc::new(error));
    status
}

#[test]
fn only_a_failure_of_this_side_is_a_lost_connection() {
    let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
    for (status, expected) in [
        (caused(Code::Unknown, broken()), Code::Unavailable),
        (caused(Code::Cancelled, broken()), Code::Unavailable),
        (caused(Code::Internal, broken()), Code::Internal),
        (Status::unknown("the server says so"), Code::Unknown),
        (Status::cancelled("the server says so"), Code::Cancelled),
    ] {
        assert!(may_have_run(&status), "{status}");
        assert_eq!(normalized(status, None).code(), expected);
    }
}

#[tokio::test]
async fn cancelled_after_the_deadline_is_deadline_exceeded() {
    let now = Instant::now();
    let later = now + Duration::from_secs(60);
    for (until, expected) in [
        (Some(now), Code::DeadlineExceeded),
        (Some(later), Code::Cancelled),
        (None, Code::Cancelled),
    ] {
        let status = normalized(Status::cancelled("timeout expired"), until);
        assert_eq!(status.code(), expected, "{until:?}");
    }
}

#[test]
fn only_tonics_own_words_are_a_message_that_is_too_long() {
    let tonics = "Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes";
    assert_eq!(
        too_long(Status::out_of_range(tonics)).code(),
        Code::ResourceExhausted
    );
    let of_the_service = "does not fit into 64 bits";
    assert_eq!(
        too_long(Status::out_of_range(of_the_service)).code(),
        Code::OutOfRange
    );
}
