//! The site's own store as the checks of this lesson's exercises use it: on the readable Redis of lesson 15, in the
//! same process. A check moves the clock of that Redis, stops it, or loses its replies.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use l15_redis::client::{Timeouts, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use services::testkit::{Case, View};
use tokio::time::timeout;

use crate::store::Redis;

/// How long an answer may take; it takes milliseconds, and two seconds while Redis does not answer.
const LIMIT: Duration = Duration::from_secs(5);

/// What happens on the wire between the store and Redis.
#[derive(Clone, Default)]
struct Seen {
    commands: Arc<Mutex<Vec<String>>>,
    loses_replies: Arc<AtomicUsize>,
}

impl Rule for Seen {
    async fn command(&self, command: &Command) -> Act {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.push(command.words.join(" "));
        Act::Pass
    }

    async fn reply(&self, _: &Command, _: &[u8]) -> Act {
        let one_less = |left: usize| left.checked_sub(1);
        let left = (self.loses_replies).fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        match left {
            Ok(_) => Act::Cut,
            Err(_) => Act::Pass,
        }
    }
}

/// A store, the Redis behind it, and a connection of the check's own.
pub struct World {
    /// The store that the answer gets.
    pub store: Redis,
    server: Server,
    clock: Clock,
    direct: ConnectionManager,
    seen: Seen,
    _wire: Wire,
}

impl World {
    /// An empty store, and a connection that stands.
    pub async fn start() -> World {
        let clock = Clock::by_hand();
        let config = Config {
            clock: clock.clone(),
            ..Config::default()
        };
        let server = Server::start(config).await.expect("a Redis");
        let direct = connect(server.address(), Timeouts::default());
        let direct = direct.await.expect("a connection");
        let seen = Seen::default();
        let wire = Wire::start(server.address(), seen.clone());
        let wire = wire.await.expect("a wire");
        let store = Redis::new(wire.addr()).expect("a store");
        let world = World {
            store,
            server,
            clock,
            direct,
            seen,
            _wire: wire,
        };
        let _ = crate::rules::Store::look(&world.store, "connected").await;
        let _ = world.sent();
        world
    }

    /// Moves the clock of Redis forward by so many seconds.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Stores a record, past the answer.
    pub async fn put(&self, key: &str, value: &str, seconds: u64) {
        let put = self.direct.clone().set_ex(key, value, seconds).await;
        let () = put.expect("a reply");
    }

    /// Deletes a record, past the answer.
    pub async fn delete(&self, key: &str) {
        let () = self.direct.clone().del(key).await.expect("a reply");
    }

    /// The record under a key.
    pub async fn get(&self, key: &str) -> Option<String> {
        self.direct.clone().get(key).await.expect("a reply")
    }

    /// All records with the seconds that they have left, in the order of their keys: `KEY = VALUE, 300 s left`.
    pub async fn records(&self) -> Vec<String> {
        let mut direct = self.direct.clone();
        let mut scan = redis::cmd("SCAN");
        scan.arg(0).arg("COUNT").arg(1000);
        let (_, mut keys): (u64, Vec<String>) =
            scan.query_async(&mut direct).await.expect("a reply");
        keys.sort();
        let mut records = Vec::new();
        for key in keys {
            let value: String = direct.get(&key).await.expect("a reply");
            let left: i64 = direct.ttl(&key).await.expect("a reply");
            records.push(match left {
                ..0 => format!("{key} = {value}, without expiry"),
                _ => format!("{key} = {value}, {left} s left"),
            });
        }
        records
    }

    /// The commands that have arrived since the last call.
    pub fn sent(&self) -> Vec<String> {
        let mut commands = self
            .seen
            .commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut commands)
    }

    /// Loses all replies of Redis from now on; it still runs each command.
    pub fn lose_replies(&self) {
        self.seen.loses_replies.store(usize::MAX, Ordering::SeqCst);
    }

    /// The next reply never arrives. Those after it do.
    pub fn lose_a_reply(&self) {
        self.seen.loses_replies.store(1, Ordering::SeqCst);
    }

    /// Redis ends. Its address refuses connections.
    pub async fn stop(self) -> Redis {
        self.server.stop().await;
        self.store
    }
}

/// Runs one situation.
#[track_caller]
pub fn situation(name: &str, body: impl AsyncFnOnce(&Case)) {
    services::testkit::case(name, |case| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body(case));
    });
}

/// The outcome of an answer, which must not take long.
pub async fn within<T>(case: &Case, answer: impl Future<Output = T>) -> T {
    match timeout(LIMIT, answer).await {
        Ok(outcome) => outcome,
        Err(_) => case.differ(
            "your function returns within milliseconds",
            format!("it has not returned after {}", LIMIT.view()),
            "What does it wait for, or repeat?",
        ),
    }
}

/// Texts for a report.
pub fn list(texts: &[String]) -> String {
    match texts {
        [] => "nothing".to_string(),
        texts => texts.join("; "),
    }
}

/// All at the same time: each future has begun before one of them goes on.
pub async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut open: Vec<(Pin<Box<F>>, _)> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    poll_fn(|context| {
        let mut ready = true;
        for (future, done) in &mut open {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *done = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        match ready {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    open.into_iter().filter_map(|(_, done)| done).collect()
}
