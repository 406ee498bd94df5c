//! What the chapter shows in Rust, on both kinds of Redis: types, pipelines, transactions, one connection,
//! lost replies, and a Redis that is away.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use l15_redis::client::{Timeouts, connect, may_have_run};
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::greet;
use l15_redis::server::{Config, Server};

use crate::support::{PATIENCE, Side};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

#[path = "../../demo/cost.rs"]
mod cost;

async fn client(addr: SocketAddr) -> ConnectionManager {
    // Generous: these tests are about what is said, and not about when.
    let timeout = Timeouts {
        connect: PATIENCE,
        reply: PATIENCE,
        tries: 2,
    };
    connect(addr, timeout).await.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

#[test]
fn a_greeter_remembers_and_replies_have_types() {
    for side in Side::to_test() {
        let server = side.start();
        runtime().block_on(async {
            let mut redis = client(server.addr).await;
            let redis = &mut redis;
            assert_eq!(greet::times(redis, "huohuo").await.unwrap(), None, "{side}");
            for times in 1..=3 {
                let said = greet::greet(redis, "huohuo").await.unwrap();
                assert_eq!(said, format!("huohuo hello world, {times}"), "{side}");
            }
            assert_eq!(greet::times(redis, "huohuo").await.unwrap(), Some(3));
            let text: String = redis.get("greeted:huohuo").await.unwrap();
            assert_eq!(text, "3", "{side}: the same bytes as a text");
            let all = greet::times_of(redis, &["huohuo", "grace", "huohuo"]).await;
            assert_eq!(all.unwrap(), [3, 0, 3], "{side}");
            assert_eq!(
                greet::greet_and_sum(redis, "huohuo").await.unwrap(),
                (4, 1),
                "{side}"
            );

            let _: () = redis.set("greeted:text", "no number").await.unwrap();
            let error = greet::times(redis, "text").await.unwrap_err();
            assert!(!error.is_io_error(), "{side}: {error}");
            let error = greet::greet(redis, "text").await.unwrap_err();
            assert_eq!(error.code(), Some("ERR"), "{side}: {error}");
            assert!(!may_have_run(&error), "{side}: Redis has answered: {error}");
        });
    }
}

#[test]
fn all_ways_of_calling_count_the_same() {
    for side in Side::to_test() {
        let server = side.start();
        runtime().block_on(async {
            let costs = [
                cost::one_per_call(server.addr, 20).await.unwrap(),
                cost::shared(server.addr, 20).await.unwrap(),
                cost::shared_by_many(server.addr, 20, 5).await.unwrap(),
                cost::pipelined(server.addr, 20).await.unwrap(),
            ];
            assert_eq!(costs.map(|cost| cost.calls), [20; 4]);
            assert_eq!(costs.map(|cost| cost.connections), [20, 1, 1, 1]);
            assert!(costs.iter().all(|cost| cost.micros() > 0.0), "{costs:?}");
            let counted: u64 = client(server.addr).await.get("cost").await.unwrap();
            assert_eq!(counted, 80, "{side}");
        });
    }
}

#[test]
fn many_share_one_connection() {
    for side in Side::to_test() {
        let server = side.start();
        runtime().block_on(async {
            let wire = Wire::start(server.addr, Nothing).await.unwrap();
            let redis = client(wire.addr()).await;
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..40 {
                let mut redis = redis.clone();
                tasks.spawn(async move { greet::greet(&mut redis, "wire").await.map(|_| ()) });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap().unwrap();
            }
            let times = greet::times(&mut redis.clone(), "wire").await.unwrap();
            assert_eq!(times, Some(40), "{side}");
            assert_eq!(wire.connections(), 1, "{side}");
        });
    }
}

/// Lets everything pass.
struct Nothing;

impl Rule for Nothing {}

/// Cuts at the command with this number, over all connections, before or after it has run.
struct Cuts {
    at: usize,
    runs: bool,
    seen: AtomicUsize,
}

impl Cuts {
    fn new(at: usize, runs: bool) -> Self {
        let seen = AtomicUsize::new(0);
        Cuts { at, runs, seen }
    }
}

impl Rule for Cuts {
    async fn command(&self, _: &Command) -> Act {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.at && !self.runs {
            return Act::Cut;
        }
        Act::Pass
    }

    async fn reply(&self, _: &Command, _: &[u8]) -> Act {
        if self.seen.load(Ordering::SeqCst) == self.at && self.runs {
            return Act::Cut;
        }
        Act::Pass
    }
}

#[test]
fn may_have_run_what_a_lost_reply_was() {
    for side in Side::to_test() {
        let server = side.start();
        runtime().block_on(async {
            for (runs, counted) in [(true, 1), (false, 0)] {
                let name = format!("runs {runs}");
                let wire = Wire::start(server.addr, Cuts::new(1, runs)).await.unwrap();
                let mut redis = client(wire.addr()).await;
                let error = greet::greet(&mut redis, &name).await.unwrap_err();
                assert!(may_have_run(&error), "{side}: {error}");
                let times = greet::times(&mut client(server.addr).await, &name).await;
                assert_eq!(times.unwrap().unwrap_or(0), counted, "{side}, {name}");
                // The manager comes back by itself, and has not sent it again.
                let said = greet::greet(&mut redis, &name).await.unwrap();
                assert_eq!(said, format!("{name} hello world, {}", counted + 1));
                assert_eq!(wire.connections(), 2, "{side}");
            }
        });
    }
}

#[test]
fn a_transaction_that_is_torn_has_not_run() {
    for side in Side::to_test() {
        let server = side.start();
        runtime().block_on(async {
            // MULTI, two commands, EXEC; the cut comes before the one with this number.
            for at in 1..=4 {
                let name = format!("torn at {at}");
                let wire = Wire::start(server.addr, Cuts::new(at, false))
                    .await
                    .unwrap();
                let mut redis = client(wire.addr()).await;
                let torn = greet::greet_and_sum(&mut redis, &name).await;
                assert!(may_have_run(&torn.unwrap_err()), "{side}");
                let times = greet::times(&mut client(server.addr).await, &name).await;
                assert_eq!(times.unwrap(), None, "{side}, {name}");
            }
        });
    }
}

#[test]
fn a_redis_that_is_away_is_told_at_once_and_found_again() {
    runtime().block_on(async {
        let server = Server::start(Config::default()).await.unwrap();
        let addr = server.address();
        let mut redis = client(addr).await;
        greet::greet(&mut redis, "wire").await.unwrap();
        server.stop().await;
        for _ in 0..3 {
            greet::greet(&mut redis, "wire").await.unwrap_err();
        }
        let config = Config {
            addr: addr.to_string(),
            ..Config::default()
        };
        let server = Server::start(config).await.unwrap();
        let since = Instant::now();
        let said = loop {
            match greet::greet(&mut redis, "wire").await {
                Ok(said) => break said,
                Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(said, "wire hello world, 1", "it lay in memory");
        server.stop().await;
    });
}

#[test]
fn a_redis_that_is_silent_is_waited_for_only_so_long() {
    runtime().block_on(async {
        // It accepts, and never says a word.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let held = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        });
        let timeout = Timeouts {
            connect: Duration::from_millis(100),
            reply: Duration::from_millis(100),
            tries: 1,
        };
        let outcome: RedisResult<u64> = async {
            let mut redis = connect(addr, timeout).await?;
            redis.incr("a", 1).await
        }
        .await;
        let error = outcome.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        held.abort();
    });
}
