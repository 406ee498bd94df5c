//! The check of `setex`. A real client calls the lesson's own server, whose clock this check moves, over
//! a wire that this check cuts.

mod exercise;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exercise::keep;
use l15_redis::client::{Patience, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, case};

const KEY: &str = "door:7";
const LATE: &str = "It has not ended after 3 s: something waits, or tries again, for ever.";

/// The server with its clock, and a connection that nobody cuts.
struct Scene {
    server: Server,
    clock: Clock,
    direct: ConnectionManager,
}

impl Scene {
    async fn open() -> Scene {
        let config = Config {
            clock: Clock::by_hand(),
            ..Config::default()
        };
        let clock = config.clock.clone();
        let server = Server::start(config).await.expect("a server");
        let direct = connect(server.address(), Patience::default());
        let direct = direct.await.expect("a connection");
        Scene {
            server,
            clock,
            direct,
        }
    }

    async fn value(&mut self) -> Option<String> {
        self.direct.get(KEY).await.expect("an answer")
    }

    /// Seconds; -1 for one that never dies, -2 for one that is not there.
    async fn ttl(&mut self) -> i64 {
        self.direct.ttl(KEY).await.expect("an answer")
    }
}

/// Runs it on a runtime of its own, for 3 s at most.
fn within<T>(case: &Case, body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(3), body).await });
    match done {
        Ok(done) => done,
        Err(_) => case.fail(case.report().advice(LATE)),
    }
}

fn told(outcome: &RedisResult<()>) -> String {
    match outcome {
        Ok(()) => "Ok(())".to_string(),
        Err(error) => format!("Err: {error}"),
    }
}

/// The program dies after so many commands: whatever it would send then never arrives.
#[derive(Clone, Default)]
struct DiesAfter {
    commands: usize,
    sent: Arc<Mutex<Vec<String>>>,
}

impl DiesAfter {
    fn sent(&self) -> Vec<String> {
        let sent = self.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Rule for DiesAfter {
    async fn command(&self, command: &Command) -> Act {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= self.commands {
            return Act::Cut;
        }
        sent.extend(command.words.first().cloned());
        Act::Pass
    }
}

// The belief of this exercise.
#[test]
fn a_it_dies_in_the_middle() {
    for commands in 0..6 {
        let situation = match commands {
            0 => "The program dies before its first command".to_string(),
            1 => "The program dies after its first command".to_string(),
            n => format!("The program dies after {n} commands"),
        };
        case(&situation, |case| {
            let rule = DiesAfter {
                commands,
                ..DiesAfter::default()
            };
            let (ttl, outcome) = within(case, async {
                let mut scene = Scene::open().await;
                let wire = Wire::start(scene.server.address(), rule.clone());
                let wire = wire.await.expect("a wire");
                let redis = connect(wire.addr(), Patience::default());
                let redis = redis.await.expect("a connection");
                let outcome = keep(redis, KEY, "2024", 300).await;
                let ttl = scene.ttl().await;
                scene.server.stop().await;
                (ttl, outcome)
            });
            let sent = rule.sent().join(", ");
            if ttl == -1 {
                case.fail(
                    case.report()
                        .detail("so far", format!("{sent} ran"))
                        .detail("expected", format!("{KEY} is not there, or dies within 300 s"))
                        .detail("your answer", format!("{KEY} is there, and never expires (TTL -1)"))
                        .advice(format!(
                            "A crash after {sent}: the key never expires, because nobody is left to say so, and the door is open \
                             for ever. Two commands are two steps, also in one write; the value and its end have to come in one."
                        )),
                );
            }
            if commands == 0 && outcome.is_ok() {
                let advice = "Nothing has reached Redis, and you said that it is kept: the guest stands before a closed door. Hand \
                              the error on.";
                case.differ("an error", told(&outcome), advice);
            }
        });
    }
}

#[test]
fn b_it_has_its_time() {
    case("300 seconds", |case| {
        let (right, before, after) = within(case, async {
            let mut scene = Scene::open().await;
            let outcome = keep(scene.direct.clone(), KEY, "20\r\n24 ", 300).await;
            let right = told(&outcome);
            scene.clock.advance(Duration::from_secs(299));
            let before = scene.value().await;
            scene.clock.advance(Duration::from_secs(2));
            let after = scene.value().await;
            scene.server.stop().await;
            (right, before, after)
        });
        case.expect_eq("Ok(())", right.as_str(), "Redis was there, and has it.");
        let advice = "After 299 s of its 300 it has to be there, as it was given. Which unit does your command take?";
        case.expect_eq(&Some("20\r\n24 ".to_string()), &before, advice);
        let advice = "After 301 s it is still there.";
        case.expect_eq(&None::<String>, &after, advice);
    });
}

#[test]
fn c_it_replaces() {
    for (situation, first) in [
        ("The guest gets a second code after 200 s", Some(300)),
        ("Somebody has set a code without an end", None),
    ] {
        case(situation, |case| {
            let (value, ttl) = within(case, async {
                let mut scene = Scene::open().await;
                let _: () = scene.direct.set(KEY, "1111").await.expect("an answer");
                if let Some(seconds) = first {
                    let _: bool = (scene.direct.expire(KEY, seconds))
                        .await
                        .expect("an answer");
                }
                scene.clock.advance(Duration::from_secs(200));
                let _ = keep(scene.direct.clone(), KEY, "2222", 300).await;
                let both = (scene.value().await, scene.ttl().await);
                scene.server.stop().await;
                both
            });
            let advice = "The new code replaces the old one.";
            case.expect_eq(&Some("2222".to_string()), &value, advice);
            if !(299..=300).contains(&ttl) {
                let advice = "With a new code the whole time begins again; the old one's rest is the old one's.";
                case.differ("TTL 300", format!("TTL {ttl}"), advice);
            }
        });
    }
}

#[test]
fn d_no_is_an_answer() {
    for (situation, seconds) in [
        ("0 seconds", 0),
        ("More seconds than there will be", u64::MAX),
    ] {
        case(situation, |case| {
            let (outcome, ttl) = within(case, async {
                let mut scene = Scene::open().await;
                let outcome = keep(scene.direct.clone(), KEY, "2024", seconds).await;
                let ttl = scene.ttl().await;
                scene.server.stop().await;
                (outcome, ttl)
            });
            if outcome.is_ok() {
                let advice = "Redis refuses such a time. Whoever wants that has made a mistake; another time in its place \
                              would hide it.";
                case.differ("an error", format!("{}, TTL {ttl}", told(&outcome)), advice);
            }
            let advice = "It was refused, so nothing is kept.";
            case.expect_named("the TTL is", &-2i64, &ttl, "(-2: no key)", advice);
        });
    }
}

#[test]
fn e_redis_is_away() {
    case("Redis is away", |case| {
        let outcome = within(case, async {
            let scene = Scene::open().await;
            scene.server.stop().await;
            keep(scene.direct, KEY, "2024", 300).await
        });
        let advice = "Nobody has it. That is an error, and no panic.";
        case.expect_err("keep", &outcome, advice);
    });
}
