//! The check of `session-expiry`: the crate `redis` calls the readable Redis of this lesson, in this process. The check
//! moves the clock of that Redis, and sees the commands on the wire.

mod exercise;
mod given;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exercise::{log_in, user_of};
use l15_redis::client::{Timeouts, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, View, case};

const ADA: &str = "session:a";
const LIMIT: Duration = Duration::from_secs(3);
const LATE: &str =
    "It has not returned after 3 s. Each function sends one or two commands and returns.";

/// What another program does to Ada's session while `user_of` runs: right after Redis has sent her name.
#[derive(Clone, Copy, PartialEq)]
enum Meanwhile {
    Nothing,
    Delete,
    Replace,
}

/// Writes the commands down, and lets another program act once.
#[derive(Clone)]
struct Seen {
    commands: Arc<Mutex<Vec<String>>>,
    other: ConnectionManager,
    meanwhile: Arc<Mutex<Meanwhile>>,
    /// The number of the command that is cut, of all commands.
    cut: Arc<AtomicUsize>,
}

impl Rule for Seen {
    async fn command(&self, command: &Command) -> Act {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.push(command.words.join(" "));
        if commands.len() == self.cut.load(Ordering::SeqCst) {
            return Act::Cut;
        }
        Act::Pass
    }

    async fn reply(&self, _: &Command, reply: &[u8]) -> Act {
        let mut other = self.other.clone();
        if !reply.windows(3).any(|word| word == b"ada") {
            return Act::Pass;
        }
        let now = {
            let mut now = self
                .meanwhile
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *now, Meanwhile::Nothing)
        };
        match now {
            Meanwhile::Nothing => {}
            Meanwhile::Delete => other.del(ADA).await.expect("a reply"),
            Meanwhile::Replace => other.set_ex(ADA, "grace", 600).await.expect("a reply"),
        }
        Act::Pass
    }
}

/// A Redis with a clock that the check moves, the answer's connection, and one of the check.
struct World {
    server: Server,
    seen: Seen,
    _wire: Wire,
    redis: ConnectionManager,
    direct: ConnectionManager,
}

impl World {
    async fn open() -> World {
        let config = Config {
            clock: Clock::by_hand(),
            ..Config::default()
        };
        let server = Server::start(config).await.expect("a server");
        let direct = connect(server.address(), Timeouts::default());
        let direct = direct.await.expect("a connection");
        let seen = Seen {
            commands: Arc::default(),
            other: direct.clone(),
            meanwhile: Arc::new(Mutex::new(Meanwhile::Nothing)),
            cut: Arc::default(),
        };
        let wire = Wire::start(server.address(), seen.clone());
        let wire = wire.await.expect("a wire");
        let redis = connect(wire.addr(), Timeouts::default());
        let redis = redis.await.expect("a connection");
        World {
            server,
            seen,
            _wire: wire,
            redis,
            direct,
        }
    }

    fn pass(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }

    async fn log_in(&self, token: &str, user: &str, idle: u64) -> RedisResult<()> {
        log_in(self.redis.clone(), token, user, idle).await
    }

    async fn user_of(&self, token: &str, idle: u64) -> RedisResult<Option<String>> {
        user_of(self.redis.clone(), token, idle).await
    }

    /// What the key holds, and its time to live in words.
    async fn stored(&mut self, key: &str) -> (Option<String>, String) {
        let value: Option<String> = self.direct.get(key).await.expect("a reply");
        let ttl: i64 = self.direct.ttl(key).await.expect("a reply");
        (value, expires(ttl))
    }

    /// How many commands the answer has sent.
    fn sent(&self) -> usize {
        let commands = self.seen.commands.lock();
        commands.unwrap_or_else(PoisonError::into_inner).len()
    }

    fn commands(&self) -> String {
        let commands = self.seen.commands.lock();
        let commands = commands.unwrap_or_else(PoisonError::into_inner);
        commands.join(", ")
    }
}

/// A time to live in words, as TTL returns it.
fn expires(ttl: i64) -> String {
    match ttl {
        -2 => "the key is missing".to_string(),
        -1 => "the key never expires".to_string(),
        seconds => format!("the key expires in {seconds} s"),
    }
}

/// Runs one situation on a runtime of its own.
fn within<T>(case: &Case, body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match runtime.block_on(async { tokio::time::timeout(LIMIT, body).await }) {
        Ok(done) => done,
        Err(_) => case.fail(case.report().advice(LATE)),
    }
}

fn told(outcome: &RedisResult<Option<String>>) -> String {
    match outcome {
        Ok(user) => format!("Ok({})", user.view()),
        Err(error) => format!("Err: {error}"),
    }
}

/// Fails unless `user_of` has returned this.
#[track_caller]
fn expect(
    case: &Case,
    world: &World,
    right: Option<&str>,
    got: &RedisResult<Option<String>>,
    advice: &str,
) {
    if got.as_ref().ok().map(Option::as_deref) != Some(right) {
        let advice = match (right, got) {
            (None, Err(_)) => {
                "A missing key is a reply of Redis and not an error: the type `Option` takes it as `None`."
            }
            (Some(_), Err(_)) => {
                "Redis has answered a command of `user_of` with this error. The readable Redis of this check knows the options EX and \
                 PX for an expiry."
            }
            _ => advice,
        };
        case.fail(
            case.report()
                .detail("sent", world.commands())
                .detail(
                    "expected",
                    format!("`user_of` returns Ok({})", right.map(String::from).view()),
                )
                .detail("your answer", format!("`user_of` returned {}", told(got)))
                .advice(advice),
        );
    }
}

/// Fails unless the key holds this value and expires so.
#[track_caller]
fn expect_stored(
    case: &Case,
    world: &World,
    (right, expiry): (Option<&str>, i64),
    got: &(Option<String>, String),
    advice: &str,
) {
    let in_words = |value: &Option<String>, expiry: &str| match value {
        None => expiry.replace("the key", ADA),
        Some(value) => format!("the value is {}, {expiry}", value.view()),
    };
    if got.0.as_deref() != right || got.1 != expires(expiry) {
        case.fail(
            case.report()
                .detail("sent", world.commands())
                .detail(
                    "expected",
                    in_words(&right.map(String::from), &expires(expiry)),
                )
                .detail("your answer", in_words(&got.0, &got.1))
                .advice(advice),
        );
    }
}

// The belief of this exercise.
#[test]
fn a_a_session_expires() {
    for idle in [47, 1800] {
        case(&format!("Ada logs in, with {idle} s"), |case| {
            within(case, async {
                let mut world = World::open().await;
                let done = world.log_in("a", "ada", idle).await;
                case.expect_ok("log_in", &done, "Redis refuses a command with this error. The readable Redis of this check knows the options EX and PX for an expiry.");
                let stored = world.stored(ADA).await;
                let seconds = i64::try_from(idle).expect("a small number");
                let advice = if stored.1 == expires(-1) {
                    "A value stays in Redis until a command deletes it or its expiry has passed. This key has no expiry: SET takes \
                     one with the option EX."
                } else if stored.1 == expires(-2) {
                    "A session is stored under `key(token)`, here session:a."
                } else {
                    "`key(token)` has to hold the user, and expire after `idle` seconds. EX counts in seconds, PX in milliseconds."
                };
                expect_stored(case, &world, (Some("ada"), seconds), &stored, advice);
                world.pass(idle - 1);
                let user = world.user_of("a", idle).await;
                let advice =
                    "The session was last used `idle` - 1 seconds ago, so it has not expired.";
                expect(case, &world, Some("ada"), &user, advice);
            });
        });
    }
}

#[test]
fn b_each_use_begins_the_time_again() {
    case(
        "Ada uses her session every 40 s; it expires after 47 s",
        |case| {
            within(case, async {
                let mut world = World::open().await;
                let _ = world.log_in("a", "ada", 47).await;
                for _ in 0..3 {
                    world.pass(40);
                    let user = world.user_of("a", 47).await;
                    let advice = "The last use was 40 s ago, and the session expires 47 s after its last use.";
                    expect(case, &world, Some("ada"), &user, advice);
                    let stored = world.stored(ADA).await;
                    let sent = world.commands();
                    let advice = if sent.contains("EXPIRE ") || sent.contains("GETEX ") {
                        "`user_of` has sent a command for an expiry, and session:a does not expire in `idle` seconds. Compare the \
                         command's key with `key(token)`, and its time with `idle`."
                    } else {
                        "Reading a key does not change its expiry. GETEX reads it and sets a new expiry; EXPIRE does it for a key \
                         that is there."
                    };
                    expect_stored(case, &world, (Some("ada"), 47), &stored, advice);
                }
                world.pass(48);
                let user = world.user_of("a", 47).await;
                let advice =
                    "The last use was 48 s ago: the session has expired, and Redis has removed it.";
                expect(case, &world, None, &user, advice);
            });
        },
    );
    case("Ada uses her session 5 s after her login", |case| {
        within(case, async {
            let mut world = World::open().await;
            let _ = world.log_in("a", "ada", 47).await;
            world.pass(5);
            let _ = world.user_of("a", 47).await;
            let stored = world.stored(ADA).await;
            let advice = "Her later uses began the 47 s again, and this one did not: most of the time was left. She will be \
                          logged out 47 s after her login, although she has used the session since. Begin the time again with \
                          each use.";
            expect_stored(case, &world, (Some("ada"), 47), &stored, advice);
        });
    });
    case("The second call of `user_of` has a longer time", |case| {
        within(case, async {
            let mut world = World::open().await;
            let _ = world.log_in("a", "ada", 47).await;
            let _ = world.user_of("a", 300).await;
            let stored = world.stored(ADA).await;
            let advice = "`user_of` sets the expiry to its own `idle`.";
            expect_stored(case, &world, (Some("ada"), 300), &stored, advice);
        });
    });
}

#[test]
fn c_no_session() {
    for (situation, passes) in [
        ("The token never had a session", None),
        ("The session has expired", Some(61)),
    ] {
        case(situation, |case| {
            within(case, async {
                let mut world = World::open().await;
                // A token that begins as Ada's does.
                let _ = world.log_in("ab", "grace", 600).await;
                if let Some(seconds) = passes {
                    let _ = world.log_in("a", "ada", 60).await;
                    world.pass(seconds);
                }
                let user = world.user_of("a", 60).await;
                let advice = "No session has this token, so there is no user.";
                expect(case, &world, None, &user, advice);
                let stored = world.stored(ADA).await;
                let advice = "There was no session, and `user_of` has stored one.";
                expect_stored(case, &world, (None, -2), &stored, advice);
                let other = world.user_of("ab", 60).await;
                let advice = "The token `ab` has a session of its own.";
                expect(case, &world, Some("grace"), &other, advice);
            });
        });
    }
}

#[test]
fn d_another_program_acts_meanwhile() {
    for (situation, meanwhile, right, advice) in [
        (
            "Ada logs out while `user_of` runs",
            Meanwhile::Delete,
            (None, -2),
            "Another program deleted the session after Redis had sent the user, and a later command of `user_of` stored it again: Ada \
             is logged in after her logout. Renew the expiry of the key, and do not write its value.",
        ),
        (
            "Grace logs in with the same token while `user_of` runs",
            Meanwhile::Replace,
            (Some("grace"), 600),
            "Another program stored Grace's session after Redis had sent Ada's name. A later command of `user_of` has written \
             the old value over it.",
        ),
    ] {
        case(situation, |case| {
            within(case, async {
                let mut world = World::open().await;
                let _ = world.log_in("a", "ada", 600).await;
                let redis = world.seen.clone();
                *redis
                    .meanwhile
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = meanwhile;
                let user = world.user_of("a", 600).await;
                let taken = user.as_ref().ok().and_then(Option::as_deref);
                if taken == Some("ada") {
                    let stored = world.stored(ADA).await;
                    expect_stored(case, &world, right, &stored, advice);
                }
            });
        });
    }
}

#[test]
fn e_a_new_login_replaces_the_session() {
    case("Grace logs in with a token that Ada had", |case| {
        within(case, async {
            let mut world = World::open().await;
            let _ = world.log_in("a", "ada", 300).await;
            world.pass(200);
            let done = world.log_in("a", "grace", 120).await;
            case.expect_ok("log_in", &done, "Redis refuses a command with this error. The readable Redis of this check knows the options EX and PX for an expiry.");
            let stored = world.stored(ADA).await;
            let advice = "The new session replaces the old one, its expiry as well.";
            expect_stored(case, &world, (Some("grace"), 120), &stored, advice);
        });
    });
}

#[test]
fn f_redis_is_away() {
    case("Redis has stopped", |case| {
        let (logged_in, user) = within(case, async {
            let world = World::open().await;
            let _ = world.log_in("a", "ada", 300).await;
            let World { server, redis, .. } = world;
            server.stop().await;
            let logged_in = log_in(redis.clone(), "a", "ada", 300).await;
            (logged_in, user_of(redis, "a", 300).await)
        });
        let advice = "Redis has not stored the session. Return the error.";
        case.expect_err("log_in", &logged_in, advice);
        if user.is_ok() {
            let advice = "Redis did not answer, so the session is unknown. `None` says that Redis has answered and has no such \
                          session: return the error.";
            case.differ(
                "`user_of` returns an error",
                format!("`user_of` returned {}", told(&user)),
                advice,
            );
        }
    });
}

#[test]
fn g_the_connection_breaks() {
    for number in 1..=4 {
        case(
            &format!("The connection breaks at command {number} of `user_of`"),
            |case| {
                within(case, async {
                    let world = World::open().await;
                    let _ = world.log_in("a", "ada", 300).await;
                    let before = world.sent();
                    world.seen.cut.store(before + number, Ordering::SeqCst);
                    let user = world.user_of("a", 300).await;
                    if world.sent() >= before + number && user.is_ok() {
                        let answer = format!("`user_of` returned {}", told(&user));
                        case.fail(
                        case.report()
                            .detail("sent", world.commands())
                            .detail("expected", "`user_of` returns an error")
                            .detail("your answer", answer)
                            .advice("The last of these commands never reached Redis. Return its error."),
                    );
                    }
                });
            },
        );
    }
}
