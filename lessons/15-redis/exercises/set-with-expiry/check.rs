//! The check of `set-with-expiry`: the crate `redis` calls the readable Redis of this lesson over a wire. The check moves the
//! clock of that Redis, and cuts the wire.

mod exercise;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exercise::keep;
use l15_redis::client::{Timeouts, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, View, case};

const KEY: &str = "login:ada";
const LATE: &str =
    "It has not returned after 3 s: it waits, or sends a command again, without limit.";

/// The server with its clock, and a connection that is never cut.
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
        let direct = connect(server.address(), Timeouts::default());
        let direct = direct.await.expect("a connection");
        Scene {
            server,
            clock,
            direct,
        }
    }

    async fn value(&mut self) -> Option<String> {
        self.direct.get(KEY).await.expect("a reply")
    }

    /// Seconds; -1: no expiry, -2: no key.
    async fn ttl(&mut self) -> i64 {
        self.direct.ttl(KEY).await.expect("a reply")
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

/// The program crashes after so many commands: what it would send then never arrives.
#[derive(Clone)]
struct Crash {
    after: usize,
    sent: Arc<Mutex<Sent>>,
}

/// What has arrived at Redis.
#[derive(Clone, Default)]
struct Sent {
    commands: Vec<String>,
    pipelined: bool,
}

impl Sent {
    fn has(&self, name: &str) -> Option<usize> {
        self.commands.iter().position(|sent| sent.contains(name))
    }
}

impl Crash {
    fn after(after: usize) -> Crash {
        Crash {
            after,
            sent: Arc::default(),
        }
    }

    fn sent(&self) -> Sent {
        let sent = self.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Rule for Crash {
    async fn command(&self, command: &Command) -> Act {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.commands.len() >= self.after {
            return Act::Cut;
        }
        sent.pipelined |= command.pipelined;
        sent.commands.extend(command.words.first().cloned());
        Act::Pass
    }
}

/// Stores a value for so many seconds over this wire, and waits a while. Then: the outcome, and the time to live.
async fn stored(crash: &Crash, seconds: u64, wait: Duration) -> (RedisResult<()>, i64) {
    let mut scene = Scene::open().await;
    let wire = Wire::start(scene.server.address(), crash.clone());
    let wire = wire.await.expect("a wire");
    let redis = connect(wire.addr(), Timeouts::default());
    let redis = redis.await.expect("a connection");
    let outcome = keep(redis, KEY, "2024", seconds).await;
    tokio::time::sleep(wait).await;
    let ttl = scene.ttl().await;
    scene.server.stop().await;
    (outcome, ttl)
}

/// Why a key has no expiry although the program has not crashed.
fn why_never(case: &Case, sent: &Sent) -> &'static str {
    let (set, expire) = (sent.has("SET"), sent.has("EXPIRE"));
    if expire.is_some() && expire < set {
        return "EXPIRE ran before SET, when the key was missing: it did nothing. SET then stored the value without an expiry.";
    }
    // The clock of Redis stands still, so only a command can remove the key.
    let crash = Crash::after(9);
    let _ = within(case, stored(&crash, 1, Duration::from_millis(1500)));
    if crash.sent().has("DEL").is_some() {
        return "The program removes the key itself, with DEL after the time. If it crashes before that, the key stays: only Redis \
                can be trusted to remove it.";
    }
    "No command has given the key an expiry, so Redis never removes it."
}

/// Fails if the key is there without an expiry.
fn expect_expiry(case: &Case, sent: &Sent, ttl: i64, advice: &str) {
    if ttl == -1 {
        case.fail(
            case.report()
                .detail("sent", sent.commands.join(", "))
                .detail(
                    "expected",
                    format!("{KEY} is missing, or expires within 300 s"),
                )
                .detail("your answer", format!("{KEY} never expires (TTL -1)"))
                .advice(advice),
        );
    }
}

// The belief of this exercise.
#[test]
fn a_a_crash_between_two_commands() {
    case("The program does not crash", |case| {
        let crash = Crash::after(9);
        let (outcome, ttl) = within(case, stored(&crash, 300, Duration::ZERO));
        let sent = crash.sent();
        let error = told(&outcome);
        if error.contains("runs no scripts") {
            let advice = "A Lua script is one step in Redis, and right there. The readable Redis of this lesson runs none.";
            case.differ("commands that this server has", error, advice);
        }
        if ttl == -1 {
            expect_expiry(case, &sent, ttl, why_never(case, &sent));
        }
    });
    for after in 0..6 {
        let situation = match after {
            0 => "The program crashes before its first command".to_string(),
            1 => "The program crashes after its first command".to_string(),
            n => format!("The program crashes after {n} commands"),
        };
        case(&situation, |case| {
            let crash = Crash::after(after);
            let (outcome, ttl) = within(case, stored(&crash, 300, Duration::ZERO));
            let sent = crash.sent();
            let advice = if sent.pipelined {
                "The commands came in one write, and Redis ran them one after the other: a pipeline is not one step. After a crash \
                 between them the value has no expiry. One command can store both."
            } else {
                "After a crash between two commands the value has no expiry, and no program is left to set it. One command can \
                 store both."
            };
            expect_expiry(case, &sent, ttl, advice);
            if after == 0 && outcome.is_ok() {
                let advice =
                    "No command has reached Redis, so no value is stored. Return the error.";
                case.differ(
                    "`keep` returns an error",
                    format!("`keep` returned {}", told(&outcome)),
                    advice,
                );
            }
        });
    }
}

#[test]
fn b_it_expires_after_its_seconds() {
    case("A value for 300 s", |case| {
        let (done, at_once, before, after) = within(case, async {
            let mut scene = Scene::open().await;
            let done = keep(scene.direct.clone(), KEY, "20\r\n24 ", 300).await;
            let at_once = scene.value().await;
            scene.clock.advance(Duration::from_secs(299));
            let before = scene.value().await;
            scene.clock.advance(Duration::from_secs(2));
            let after = scene.value().await;
            scene.server.stop().await;
            (done, at_once, before, after)
        });
        case.expect_ok("keep", &done, "Redis refuses a command with this error. The readable Redis of this check knows the options EX, PX and KEEPTTL.");
        let shown =
            |value: &Option<String>, at| format!("after {at} s the value is {}", value.view());
        if before.as_deref() != Some("20\r\n24 ") {
            let right = Some("20\r\n24 ".to_string());
            let advice = match at_once == before {
                true => "The key does not hold this value, not even right after `keep`.",
                false => {
                    "The value is to be there for all its seconds, as it was given. EX counts in seconds, PX in milliseconds."
                }
            };
            case.differ(shown(&right, 299), shown(&before, 299), advice);
        }
        if after.is_some() {
            let advice = "The time is over, and the value is still there.";
            case.differ(shown(&None, 301), shown(&after, 301), advice);
        }
    });
    case("A value for 1 s", |case| {
        let (done, ttl) = within(case, async {
            let mut scene = Scene::open().await;
            let done = keep(scene.direct.clone(), KEY, "2024", 1).await;
            let ttl = scene.ttl().await;
            scene.server.stop().await;
            (done, ttl)
        });
        case.expect_ok("keep", &done, "One second is a time that Redis accepts.");
        case.expect_named(
            "the TTL is",
            &1i64,
            &ttl,
            "s",
            "The value is to expire after its seconds.",
        );
    });
}

#[test]
fn c_it_replaces() {
    for (situation, first) in [
        ("The user gets a second code after 200 s", Some(300)),
        ("A value without an expiry is there", None),
    ] {
        case(situation, |case| {
            let (value, ttl) = within(case, async {
                let mut scene = Scene::open().await;
                let _: () = scene.direct.set(KEY, "1111").await.expect("a reply");
                if let Some(seconds) = first {
                    let set = scene.direct.expire(KEY, seconds).await;
                    let _: bool = set.expect("a reply");
                }
                scene.clock.advance(Duration::from_secs(200));
                let _ = keep(scene.direct.clone(), KEY, "2222", 300).await;
                let both = (scene.value().await, scene.ttl().await);
                scene.server.stop().await;
                both
            });
            if value.as_deref() != Some("2222") {
                let advice = "The new value replaces the old one.";
                let shown = |value: &Option<String>| format!("the value is {}", value.view());
                case.differ(shown(&Some("2222".to_string())), shown(&value), advice);
            }
            if !(299..=300).contains(&ttl) {
                let advice = "The new value has 300 s of its own; the expiry of the old one does not matter.";
                case.differ("TTL 300", format!("TTL {ttl}"), advice);
            }
        });
    }
}

#[test]
fn d_redis_refuses_the_seconds() {
    for (situation, seconds) in [("0 seconds", 0), ("u64::MAX seconds", u64::MAX)] {
        case(situation, |case| {
            let (outcome, ttl) = within(case, async {
                let mut scene = Scene::open().await;
                let outcome = keep(scene.direct.clone(), KEY, "2024", seconds).await;
                let ttl = scene.ttl().await;
                scene.server.stop().await;
                (outcome, ttl)
            });
            if outcome.is_ok() {
                let advice = "Redis refuses this time. The caller has made a mistake, and another time in its place hides it.";
                let answer = format!("`keep` returned Ok, and the key has TTL {ttl}");
                case.differ("`keep` returns an error", answer, advice);
            }
            let advice = "The result was an error, so no value is to be stored.";
            case.expect_named("the TTL is", &-2i64, &ttl, "(-2: no key)", advice);
        });
    }
}

#[test]
fn e_redis_is_away() {
    case("Redis has stopped", |case| {
        let outcome = within(case, async {
            let scene = Scene::open().await;
            scene.server.stop().await;
            keep(scene.direct, KEY, "2024", 300).await
        });
        let advice = "Redis has not stored the value. Return the error.";
        case.expect_err("keep", &outcome, advice);
    });
}
