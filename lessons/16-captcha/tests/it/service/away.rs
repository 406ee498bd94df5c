//! When Redis is unavailable, no visitor gets in, no call waits for long, and no reply says why.

use std::time::{Duration, Instant};

use l16_captcha::pb::Verdict;
use services::Side;
use tonic::{Code, Status};

use super::{Site, picture, refused, started};

/// More than anything here takes on a busy machine, and far less than the default of a TCP connection.
const LONG: Duration = Duration::from_secs(30);

/// UNAVAILABLE, in words that tell nothing of how the service is built.
#[track_caller]
fn closed<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    let status = refused(outcome, Code::Unavailable);
    let words = status.message().to_lowercase();
    for inside in [
        "redis",
        "refused",
        "os error",
        "127.0.0.1",
        "key",
        "timeout",
    ] {
        assert!(!words.contains(inside), "{words}");
    }
    assert!(words.contains("no visitor was let in"), "{words}");
    assert!(status.metadata().is_empty() && status.details().is_empty());
}

#[tokio::test]
async fn redis_away_fails_closed_and_comes_back() {
    for side in Side::to_test().unwrap() {
        let mut redis = started(side).await;
        let site = Site::free(redis.addr());
        let code = site.drawn("ada", "1").await;
        redis.kill().await;
        let since = Instant::now();
        for _ in 0..3 {
            closed(site.verify("ada", "1", &code).await);
            closed(site.call(picture("ada", "2", "r")).await);
            closed(site.passed("ada").await);
        }
        assert!(since.elapsed() < LONG, "{side}: {:?}", since.elapsed());
        redis.start_again().await.unwrap();
        // It has forgotten the code, so the right answer is too late; and all goes on.
        let since = Instant::now();
        let verdict = loop {
            match site.verify("ada", "1", &code).await {
                Ok(verdict) => break verdict,
                Err(status) => assert!(since.elapsed() < LONG, "{side}: {status}"),
            }
        };
        assert_eq!(verdict, Verdict::Unknown, "{side}");
        assert!(!site.passed("ada").await.unwrap(), "{side}");
        let code = site.drawn("ada", "1").await;
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
        // The operator reads what the callers do not, and not once a call.
        let log = site.log.lines();
        let away = log.iter().filter(|line| line.starts_with("redis: away: "));
        assert!((1..=2).contains(&away.count()), "{log:?}");
    }
}

#[tokio::test]
async fn a_redis_that_hangs_is_away() {
    // It accepts and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = Site::free(listener.local_addr().unwrap());
    let since = Instant::now();
    closed(site.verify("ada", "1", "1234").await);
    closed(site.passed("ada").await);
    assert!(since.elapsed() < LONG, "{:?}", since.elapsed());
}
