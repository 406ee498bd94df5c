//! The last two scenes: a reply that is lost, and a Redis that is killed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use l15_redis::client::{Timeouts, connect, may_have_run};
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::greet;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use stage::child::Child;
use stage::signal::tell;
use tokio::time::{Instant, sleep};

use super::server;

/// The reply to the first INCR is lost.
// ANCHOR: rule
struct LosesOne(AtomicBool);

impl Rule for LosesOne {
    async fn reply(&self, command: &Command, _reply: &[u8]) -> Act {
        // The crate says INCRBY.
        let incr = command.words.first().is_some_and(|name| name == "INCRBY");
        if incr && !self.0.swap(true, Ordering::SeqCst) {
            return Act::Cut;
        }
        Act::Pass
    }
}
// ANCHOR_END: rule

/// A command that has run, and the client cannot know.
pub async fn a_lost_reply(addr: SocketAddr) -> anyhow::Result<()> {
    tell("\n7. A reply is lost: the wire is cut after INCR has run, and before its reply is back");
    let wire = Wire::start(addr, LosesOne(AtomicBool::new(false))).await?;
    let mut redis = connect(wire.addr(), Timeouts::default()).await?;
    let _: () = redis.set("visits", 10).await?;
    for _ in 0..2 {
        let outcome: RedisResult<u64> = redis.incr("visits", 1).await;
        match outcome {
            Ok(count) => tell(&format!("   INCR visits, sent again: {count}")),
            Err(error) => tell(&format!(
                "   INCR visits: {error}{}",
                if may_have_run(&error) {
                    "   (not known whether it has run)"
                } else {
                    ""
                }
            )),
        }
    }
    tell(&format!(
        "   10 and one visit, sent again. The manager has made connection {} by itself; it sends no command again",
        wire.connections()
    ));
    Ok(())
}

/// Redis away, and back.
pub async fn killed(
    process: Child,
    addr: SocketAddr,
    mut redis: ConnectionManager,
) -> anyhow::Result<()> {
    tell("\n8. Redis is killed and started again");
    process.kill();
    for _ in 0..3 {
        tell(&format!("   greet: {}", greeted(&mut redis).await));
    }
    let _process = server(&addr.to_string()).await?;
    tell(&format!("   It is started again, at {addr}"));
    let since = Instant::now();
    loop {
        let answer = greeted(&mut redis).await;
        tell(&format!("   greet: {answer}"));
        if answer.contains("hello") {
            break;
        }
        ensure!(
            since.elapsed() < Duration::from_secs(30),
            "Redis does not come back"
        );
        sleep(Duration::from_millis(100)).await;
    }
    tell("   The connection came back by itself. The count did not: it was in memory.");
    Ok(())
}

/// The greeting or the error, and how long it took.
async fn greeted(redis: &mut ConnectionManager) -> String {
    let since = Instant::now();
    let outcome = greet::greet(redis, "huohuo").await;
    let took = since.elapsed().as_millis();
    match outcome {
        Ok(greeting) => format!("{greeting}   after {took} ms"),
        Err(error) => format!("{error}   after {took} ms"),
    }
}
