//! The check of `once-only`: clients of the crate `redis` call the readable Redis of this lesson over a wire, which holds their
//! commands so that all of them have read before one goes on.

mod exercise;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exercise::take;
use l15_redis::client::{Timeouts, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, View, case};

const TOKEN: &str = "reset:41";
const LATE: &str =
    "It has not returned after 3 s: it waits, or sends a command again, without limit.";

/// Runs it on a runtime of its own, for 3 s at most.
fn within<T>(case: &Case, body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(3), body).await });
    match done {
        Ok(done) => done,
        Err(_) => case.fail(case.report().advice(LATE)),
    }
}

async fn client(addr: SocketAddr) -> ConnectionManager {
    let redis = connect(addr, Timeouts::default()).await;
    redis.expect("a connection")
}

/// The lesson's own server, and a connection without a wire.
async fn open() -> (Server, ConnectionManager) {
    let config = Config {
        clock: Clock::by_hand(),
        ..Config::default()
    };
    let server = Server::start(config).await.expect("a server");
    let direct = client(server.address()).await;
    (server, direct)
}

async fn store(redis: &mut ConnectionManager, value: &[u8]) {
    redis.set(TOKEN, value).await.expect("a reply")
}

fn told(outcome: &RedisResult<Option<String>>) -> String {
    match outcome {
        Ok(value) => format!("Ok({})", value.view()),
        Err(error) => format!("Err: {error}"),
    }
}

/// Fails if the answer asks for a script.
fn script(case: &Case, error: &str) {
    if error.contains("runs no scripts") {
        let advice = "A Lua script is an atomic step in Redis, and right there. The readable server of this lesson runs none: \
                      find the step among its commands.";
        case.differ("commands that this server has", error, advice);
    }
}

/// Holds each caller's second command until all callers have the reply to their first one; for 200 ms at most.
#[derive(Clone)]
struct TogetherFirst {
    callers: usize,
    answered: Arc<AtomicUsize>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Rule for TogetherFirst {
    async fn command(&self, command: &Command) -> Act {
        let name = command.words.first().cloned().unwrap_or_default();
        lock(&self.sent).push(name);
        for _ in 0..100 {
            if command.number == 1 || self.answered.load(Ordering::SeqCst) >= self.callers {
                return Act::Pass;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // The callers wait for each other. Hold no further command.
        self.answered.fetch_add(self.callers, Ordering::SeqCst);
        Act::Pass
    }

    async fn reply(&self, command: &Command, _: &[u8]) -> Act {
        if command.number == 1 {
            self.answered.fetch_add(1, Ordering::SeqCst);
        }
        Act::Pass
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// The belief of this exercise.
#[test]
fn a_one_caller_of_many() {
    for callers in [2, 11] {
        case(
            &format!("{callers} callers redeem one token at the same time"),
            |case| {
                let rule = TogetherFirst {
                    callers,
                    answered: Arc::default(),
                    sent: Arc::default(),
                };
                let outcomes = within(case, async {
                    let (server, mut direct) = open().await;
                    store(&mut direct, b"ada").await;
                    let wire = Wire::start(server.address(), rule.clone());
                    let wire = wire.await.expect("a wire");
                    let mut tasks = Vec::new();
                    for _ in 0..callers {
                        let redis = client(wire.addr()).await;
                        tasks.push(tokio::spawn(async move { take(redis, TOKEN).await }));
                    }
                    let mut outcomes = Vec::new();
                    for task in tasks {
                        outcomes.push(task.await.expect("no panic"));
                    }
                    server.stop().await;
                    outcomes
                });
                for outcome in &outcomes {
                    script(case, &told(outcome));
                }
                let sent = lock(&rule.sent).join(", ");
                let got = outcomes.iter().filter(|one| matches!(one, Ok(Some(_))));
                let got = got.count();
                if got != 1 {
                    let advice = if got == 0 {
                        "A value was there, and no caller got it."
                    } else if !sent.contains("DEL") && !sent.contains("SET") {
                        "No command has removed the value, so each caller reads it."
                    } else if !sent.contains("DEL") {
                        "The first caller left another value under the key, and a later caller got that one. A redeemed token has no key."
                    } else {
                        "All of them had read the value before the first one removed it. GET and DEL are two commands, and commands of \
                     other callers run between them."
                    };
                    case.fail(
                        case.report()
                            .detail("sent", sent)
                            .detail("expected", "1 caller gets the value")
                            .detail("your answer", format!("{got} callers got the value"))
                            .advice(advice),
                    );
                }
                if let Some(bad) = outcomes.iter().find(|one| one.is_err()) {
                    let advice =
                        "Redis has answered the others that no value is there. That is `Ok(None)`.";
                    case.differ(
                        "the others get Ok(None)",
                        format!("one of them got {}", told(bad)),
                        advice,
                    );
                }
            },
        );
    }
}

/// As soon as a caller has read the first value, another program redeems the token and stores a new value.
struct Overtaken {
    other: ConnectionManager,
    done: AtomicBool,
    /// How many commands of the second caller arrived while the first one was at work.
    second: Arc<AtomicUsize>,
}

impl Rule for Overtaken {
    async fn command(&self, command: &Command) -> Act {
        if command.connection == 2 {
            self.second.fetch_add(1, Ordering::SeqCst);
        }
        Act::Pass
    }

    async fn reply(&self, command: &Command, reply: &[u8]) -> Act {
        let first = command.connection == 1 && reply.windows(3).any(|word| word == b"ada");
        if first && !self.done.swap(true, Ordering::SeqCst) {
            store(&mut self.other.clone(), b"grace").await;
            // Time for a second caller in this program.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Act::Pass
    }
}

#[test]
fn b_a_new_value_stays() {
    case("Another program stores a new value meanwhile", |case| {
        let (left, waited) = within(case, async {
            let (server, mut direct) = open().await;
            store(&mut direct, b"ada").await;
            let second = Arc::new(AtomicUsize::new(0));
            let rule = Overtaken {
                other: direct.clone(),
                done: AtomicBool::new(false),
                second: second.clone(),
            };
            let wire = Wire::start(server.address(), rule).await.expect("a wire");
            let (one, two) = (client(wire.addr()).await, client(wire.addr()).await);
            // The second caller redeems another token, so it need not wait for the first one.
            let (first, seen) = tokio::join!(take(one, TOKEN), async {
                tokio::time::sleep(Duration::from_millis(30)).await;
                let call = tokio::spawn(async move { take(two, "reset:42").await });
                tokio::time::sleep(Duration::from_millis(40)).await;
                let seen = second.load(Ordering::SeqCst);
                let _ = call.await;
                seen
            });
            drop(first);
            let left: Option<String> = direct.get(TOKEN).await.expect("a reply");
            server.stop().await;
            (left, seen == 0)
        });
        if left.as_deref() != Some("grace") {
            let advice = if waited {
                "The callers in this program wait for each other at a lock. Another program knows nothing of that lock: it stored a \
                 new value, and DEL removed it."
            } else {
                "After the first value was read, another program stored a new value under the same key, and DEL removed that one. \
                 Reading and removing have to be one command in Redis."
            };
            let shown = |value: &Option<String>| format!("the key holds {}", value.view());
            case.differ(shown(&Some("grace".to_string())), shown(&left), advice);
        }
    });
}

#[test]
fn c_any_value() {
    for (situation, value) in [
        ("An empty value", String::new()),
        (
            "Line breaks and quotes",
            "two\r\nlines \"and\" $3\r\n".to_string(),
        ),
        ("The word nil", "nil".to_string()),
        ("120,000 bytes", "令牌".repeat(20_000)),
    ] {
        case(situation, |case| {
            let (first, second) = within(case, async {
                let (server, mut direct) = open().await;
                store(&mut direct, value.as_bytes()).await;
                let first = take(direct.clone(), TOKEN).await;
                let second = take(direct.clone(), TOKEN).await;
                server.stop().await;
                (first, second)
            });
            if first.as_ref().ok() != Some(&Some(value.clone())) {
                let advice = "The value is returned as it is. `None` means that no value is there.";
                case.differ(format!("Ok(Some({}))", value.view()), told(&first), advice);
            }
            if second.as_ref().ok() != Some(&None) {
                let advice = "The call before has redeemed this token.";
                case.differ("the second call returns Ok(None)", told(&second), advice);
            }
        });
    }
    case("A value that is not UTF-8", |case| {
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            store(&mut direct, &[b'4', 0xff, b'1']).await;
            let outcome = take(direct, TOKEN).await;
            server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            let advice = "A `String` cannot hold these bytes, and the crate reports that as an error. Another value in their place was \
                          never stored.";
            case.differ("an error", told(&outcome), advice);
        }
    });
}

#[test]
fn d_no_value() {
    case("A token that was never issued", |case| {
        let outcome = within(case, async {
            let (server, direct) = open().await;
            let outcome = take(direct, TOKEN).await;
            server.stop().await;
            outcome
        });
        if outcome.as_ref().ok() != Some(&None) {
            let advice = "Redis has answered that no value is there. That is `Ok(None)`.";
            case.differ("Ok(None)", told(&outcome), advice);
        }
    });
    case("A token that has expired", |case| {
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            store(&mut direct, b"ada").await;
            let _: bool = direct.expire(TOKEN, 60).await.expect("a reply");
            server.clock().advance(Duration::from_secs(61));
            let outcome = take(direct, TOKEN).await;
            server.stop().await;
            outcome
        });
        if outcome.as_ref().ok() != Some(&None) {
            let advice = "Redis has removed the value after its 60 s.";
            case.differ("Ok(None)", told(&outcome), advice);
        }
    });
}

/// The reply that carries the value is lost, once.
#[derive(Clone, Default)]
struct LostReply {
    lost: Arc<AtomicBool>,
    commands: Arc<AtomicUsize>,
}

impl Rule for LostReply {
    async fn command(&self, _: &Command) -> Act {
        self.commands.fetch_add(1, Ordering::SeqCst);
        Act::Pass
    }

    async fn reply(&self, _: &Command, reply: &[u8]) -> Act {
        let value = reply.windows(3).any(|word| word == b"ada");
        if value && !self.lost.swap(true, Ordering::SeqCst) {
            self.commands.store(0, Ordering::SeqCst);
            return Act::Cut;
        }
        Act::Pass
    }
}

#[test]
fn e_a_lost_reply() {
    case("The reply with the value is lost", |case| {
        let rule = LostReply::default();
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            store(&mut direct, b"ada").await;
            let wire = Wire::start(server.address(), rule.clone());
            let wire = wire.await.expect("a wire");
            let outcome = take(client(wire.addr()).await, TOKEN).await;
            server.stop().await;
            outcome
        });
        let again = rule.commands.load(Ordering::SeqCst);
        if outcome.is_ok() || again > 0 {
            let advice = if again > 0 {
                "After the lost reply a command was sent again. The first one had removed the value, so the second one cannot find it. \
                 Return the error."
            } else {
                "The connection broke before the reply. `None` says that Redis has no value, and here Redis had one. Return the error."
            };
            let answer = format!("{}, after {again} further commands", told(&outcome));
            case.differ("an error, after 0 further commands", answer, advice);
        }
    });
    case("Redis has stopped", |case| {
        let outcome = within(case, async {
            let (server, direct) = open().await;
            server.stop().await;
            take(direct, TOKEN).await
        });
        if outcome.is_ok() {
            let advice =
                "Redis did not answer, and `None` says that it has no value. Return the error.";
            case.differ("an error", told(&outcome), advice);
        }
    });
}
