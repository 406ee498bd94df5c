//! The check of `once-only`. Real clients call the lesson's own server over a wire, which lets all of them ask before
//! one of them goes on.

mod exercise;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::take;
use l15_redis::client::{Patience, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, View, case};

const TICKET: &str = "coat:41";
const LATE: &str = "It has not ended after 3 s: something waits, or tries again, for ever.";

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
    let redis = connect(addr, Patience::default()).await;
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

async fn hang(redis: &mut ConnectionManager, value: &[u8]) {
    redis.set(TICKET, value).await.expect("an answer")
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

/// Holds everybody's second command back until all have had the reply to their first one; but not for ever.
struct TogetherFirst {
    people: usize,
    answered: Arc<AtomicUsize>,
}

impl Rule for TogetherFirst {
    async fn command(&self, command: &Command) -> Act {
        for _ in 0..100 {
            if command.number == 1 || self.answered.load(Ordering::SeqCst) >= self.people {
                return Act::Pass;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // They do not all ask at once: somebody makes them wait for each other. Then nobody is held any more.
        self.answered.fetch_add(self.people, Ordering::SeqCst);
        Act::Pass
    }

    async fn reply(&self, command: &Command, _: &[u8]) -> Act {
        if command.number == 1 {
            self.answered.fetch_add(1, Ordering::SeqCst);
        }
        Act::Pass
    }
}

// The belief of this exercise.
#[test]
fn a_one_of_all() {
    for people in [2, 12] {
        case(
            &format!("{people} people with the same ticket, at {people} counters"),
            |case| {
                let outcomes = within(case, async {
                    let (server, mut direct) = open().await;
                    hang(&mut direct, b"blue coat").await;
                    let rule = TogetherFirst {
                        people,
                        answered: Arc::default(),
                    };
                    let wire = Wire::start(server.address(), rule).await.expect("a wire");
                    let mut people_there = Vec::new();
                    for _ in 0..people {
                        let redis = client(wire.addr()).await;
                        people_there.push(tokio::spawn(async move { take(redis, TICKET).await }));
                    }
                    let mut outcomes = Vec::new();
                    for person in people_there {
                        outcomes.push(person.await.expect("no panic"));
                    }
                    server.stop().await;
                    outcomes
                });
                for outcome in &outcomes {
                    script(case, &told(outcome));
                }
                let winners = outcomes.iter().filter(|one| matches!(one, Ok(Some(_))));
                let winners = winners.count();
                if winners != 1 {
                    let advice = if winners == 0 {
                        "There was a coat, and nobody got it."
                    } else {
                        &format!(
                            "{winners} of {people} won the same coat: all of them had read it before the first one removed it. \
                             GET and then DEL is two steps, and between two steps there is room for everybody else."
                        )
                    };
                    case.differ("1 has the coat", format!("{winners} have the coat"), advice);
                }
                if let Some(bad) = outcomes.iter().find(|one| one.is_err()) {
                    let advice =
                        "The others get `Ok(None)`: Redis has answered, and nothing hangs there.";
                    case.differ("Ok(None)", told(bad), advice);
                }
            },
        );
    }
}

/// As soon as somebody has read the blue coat, another counter hands it out, and hangs a red one there.
struct SomebodyIsFaster {
    other: ConnectionManager,
    done: AtomicBool,
}

impl Rule for SomebodyIsFaster {
    async fn reply(&self, _: &Command, reply: &[u8]) -> Act {
        let blue = reply.windows(4).any(|word| word == b"blue");
        if blue && !self.done.swap(true, Ordering::SeqCst) {
            hang(&mut self.other.clone(), b"red coat").await;
        }
        Act::Pass
    }
}

#[test]
fn b_the_next_coat_stays() {
    case("While you hand it out, another coat comes", |case| {
        let left = within(case, async {
            let (server, mut direct) = open().await;
            hang(&mut direct, b"blue coat").await;
            let rule = SomebodyIsFaster {
                other: direct.clone(),
                done: AtomicBool::new(false),
            };
            let wire = Wire::start(server.address(), rule).await.expect("a wire");
            let _ = take(client(wire.addr()).await, TICKET).await;
            let left: Option<String> = direct.get(TICKET).await.expect("an answer");
            server.stop().await;
            left
        });
        let advice = "You read the blue coat. Then another counter, a program of its own, put a red one under the same number, and \
                      you removed that one: its owner finds nothing. Who reads and who removes must be one step in Redis; a \
                      lock in this program stops no other program.";
        case.expect_eq(&Some("red coat".to_string()), &left, advice);
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
        ("100,000 bytes", "大衣".repeat(20_000)),
    ] {
        case(situation, |case| {
            let (first, second) = within(case, async {
                let (server, mut direct) = open().await;
                hang(&mut direct, value.as_bytes()).await;
                let first = take(direct.clone(), TICKET).await;
                let second = take(direct.clone(), TICKET).await;
                server.stop().await;
                (first, second)
            });
            if first.as_ref().ok() != Some(&Some(value.clone())) {
                let advice = "It hangs there, so it is handed out, as it is. Only `None` means that there is nothing.";
                case.differ(format!("Ok(Some({}))", value.view()), told(&first), advice);
            }
            if second.as_ref().ok() != Some(&None) {
                case.differ(
                    "Ok(None)",
                    told(&second),
                    "It was handed out a moment before.",
                );
            }
        });
    }
    case("A value that is no text", |case| {
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            hang(&mut direct, &[b'4', 0xff, b'1']).await;
            let outcome = take(direct, TICKET).await;
            server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            let advice = "A `String` cannot hold it. An error says so; another value in its place would be a coat that nobody \
                          has brought.";
            case.differ("an error", told(&outcome), advice);
        }
    });
}

#[test]
fn d_nothing_there() {
    case("A ticket without a coat", |case| {
        let outcome = within(case, async {
            let (server, direct) = open().await;
            let outcome = take(direct, TICKET).await;
            server.stop().await;
            outcome
        });
        if outcome.as_ref().ok() != Some(&None) {
            let advice = "Redis has answered: there is nothing. That is `Ok(None)`.";
            case.differ("Ok(None)", told(&outcome), advice);
        }
    });
    case("A coat whose time was over", |case| {
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            hang(&mut direct, b"blue coat").await;
            let _: bool = direct.expire(TICKET, 60).await.expect("an answer");
            server.clock().advance(Duration::from_secs(61));
            let outcome = take(direct, TICKET).await;
            server.stop().await;
            outcome
        });
        if outcome.as_ref().ok() != Some(&None) {
            let advice = "After 60 s it is gone, by itself.";
            case.differ("Ok(None)", told(&outcome), advice);
        }
    });
}

/// The reply with the coat in it is lost, once.
struct LosesIt(AtomicBool);

impl Rule for LosesIt {
    async fn reply(&self, _: &Command, reply: &[u8]) -> Act {
        let blue = reply.windows(4).any(|word| word == b"blue");
        if blue && !self.0.swap(true, Ordering::SeqCst) {
            return Act::Cut;
        }
        Act::Pass
    }
}

#[test]
fn e_no_reply_is_no_answer() {
    case("The reply is lost on its way", |case| {
        let outcome = within(case, async {
            let (server, mut direct) = open().await;
            hang(&mut direct, b"blue coat").await;
            let rule = LosesIt(AtomicBool::new(false));
            let wire = Wire::start(server.address(), rule).await.expect("a wire");
            let outcome = take(client(wire.addr()).await, TICKET).await;
            server.stop().await;
            outcome
        });
        if matches!(outcome, Ok(None)) {
            let advice = "There was a coat, and you say that there was none. Without a reply nobody knows whether the command has \
                          run; whoever sends it again finds what the first one has left: nothing. Hand the error on.";
            case.differ("an error", told(&outcome), advice);
        }
    });
    case("Redis is away", |case| {
        let outcome = within(case, async {
            let (server, direct) = open().await;
            server.stop().await;
            take(direct, TICKET).await
        });
        if outcome.is_ok() {
            let advice =
                "Nobody has answered. `None` says that nothing hangs there, and nobody knows that.";
            case.differ("an error", told(&outcome), advice);
        }
    });
}
