//! The policy of retries: which codes, how often, and the pauses.

use std::time::Duration;

use l06_grpc::retry::{Policy, Repeat, retry};
use tokio::time::Instant;
use tonic::{Code, Status};

async fn attempts(repeat: Repeat, code: Code, time: Duration) -> u32 {
    let (policy, mut made) = (Policy::default(), 0);
    let until = Instant::now() + time;
    let outcome: Result<(), Status> = retry(policy, repeat, until, || {
        made += 1;
        async move { Err(Status::new(code, "no")) }
    })
    .await;
    assert_eq!(outcome.unwrap_err().code(), code);
    made
}

#[tokio::test]
async fn only_unavailable_and_only_what_may_run_twice() {
    let long = Duration::from_secs(60);
    assert_eq!(attempts(Repeat::Safe, Code::Unavailable, long).await, 4);
    assert_eq!(attempts(Repeat::Never, Code::Unavailable, long).await, 1);
    for code in [
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::Unknown,
        Code::ResourceExhausted,
    ] {
        assert_eq!(attempts(Repeat::Safe, code, long).await, 1, "{code}");
    }
}

#[tokio::test]
async fn no_pause_goes_beyond_the_deadline() {
    let soon = Duration::from_millis(1);
    assert_eq!(attempts(Repeat::Safe, Code::Unavailable, soon).await, 1);
}

#[test]
fn pauses_grow_have_an_end_and_differ() {
    let policy = Policy::default();
    for failed in 1..100 {
        let step = policy.first * 2_u32.pow(failed.min(10) - 1);
        let pause = policy.pause(failed);
        assert!(pause >= policy.first / 2, "{failed}: {pause:?}");
        assert!(pause <= step.min(policy.longest), "{failed}: {pause:?}");
    }
    let first = policy.pause(6);
    assert!((0..50).any(|_| policy.pause(6) != first), "no jitter");
}
