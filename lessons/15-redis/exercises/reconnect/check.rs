//! The check of `reconnect`: the crate `redis` calls the readable Redis of this lesson over a wire that breaks at each possible
//! moment, one after the other.

mod exercise;
mod given;

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exercise::{TRIES, count};
use l15_redis::client::{Timeouts, connect};
use l15_redis::clock::Clock;
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, case};

const HOME: &str = "visits:home";
const LATE: &str =
    "It has not returned after 4 s. After `TRIES` tries the last error is the result.";

/// Runs it on a runtime of its own, for 4 s at most.
fn within<T>(case: &Case, body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(4), body).await });
    match done {
        Ok(done) => done,
        Err(_) => case.fail(case.report().advice(LATE)),
    }
}

async fn client(addr: SocketAddr) -> ConnectionManager {
    let redis = connect(addr, Timeouts::default()).await;
    redis.expect("a connection")
}

/// Where the connection breaks.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    Never,
    /// Before this command runs: 1, 2, 3, ... over all connections.
    Before(usize),
    /// After it has run, and before its reply comes.
    After(usize),
    /// After this one has run, and again after the next one.
    AfterTwo(usize),
    Always,
}

/// A connection that breaks, and what went over it.
#[derive(Clone)]
struct Line {
    breaks: Breaks,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    commands: usize,
    broken_at: Option<String>,
    words: BTreeSet<String>,
    names: Vec<String>,
    /// The keys that a try looked at before it counted.
    looked: BTreeSet<String>,
    pipelined: bool,
}

impl Line {
    fn new(breaks: Breaks) -> Self {
        Line {
            breaks,
            seen: Arc::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule for Line {
    async fn command(&self, command: &Command) -> Act {
        let mut seen = self.seen();
        seen.commands += 1;
        seen.words.extend(command.words.iter().skip(1).cloned());
        seen.names.extend(command.words.first().cloned());
        seen.pipelined |= command.pipelined;
        let name = command.words.first().map_or("", String::as_str);
        if let ("EXISTS" | "GET", Some(key)) = (name, command.words.get(1))
            && key != HOME
        {
            seen.looked.insert(key.clone());
        }
        let cut = match self.breaks {
            Breaks::Before(at) => seen.commands == at,
            Breaks::Always => true,
            Breaks::Never | Breaks::After(_) | Breaks::AfterTwo(_) => false,
        };
        if cut {
            seen.broken_at = Some(format!("before {name} ran"));
            return Act::Cut;
        }
        Act::Pass
    }

    async fn reply(&self, command: &Command, _: &[u8]) -> Act {
        let mut seen = self.seen();
        let cut = match self.breaks {
            Breaks::After(at) => seen.commands == at,
            Breaks::AfterTwo(at) => seen.commands == at || seen.commands == at + 1,
            Breaks::Never | Breaks::Before(_) | Breaks::Always => false,
        };
        if cut {
            let name = command.words.first().map_or("", String::as_str);
            seen.broken_at = Some(format!("after {name} ran, before its reply"));
            return Act::Cut;
        }
        Act::Pass
    }
}

/// The server, the connection to it, and a connection of the check.
struct Scene {
    server: Server,
    wire: Wire,
    direct: ConnectionManager,
}

impl Scene {
    async fn open(line: &Line) -> Scene {
        let config = Config {
            clock: Clock::by_hand(),
            ..Config::default()
        };
        let server = Server::start(config).await.expect("a server");
        let wire = Wire::start(server.address(), line.clone());
        let wire = wire.await.expect("a wire");
        let direct = client(server.address()).await;
        Scene {
            server,
            wire,
            direct,
        }
    }

    async fn report(&self, counter: &str, visit: &str) -> RedisResult<u64> {
        count(client(self.wire.addr()).await, counter, visit).await
    }

    async fn shown(&mut self, counter: &str) -> u64 {
        let shown: Option<u64> = self.direct.get(counter).await.expect("a number");
        shown.unwrap_or_default()
    }
}

fn told(outcome: &RedisResult<u64>, shown: u64) -> String {
    match outcome {
        Ok(count) => format!("Ok({count}), and the counter shows {shown}"),
        Err(error) => format!("Err: {error}; and the counter shows {shown}"),
    }
}

/// One visit, over a connection that breaks there.
#[track_caller]
fn one_visit(case: &Case, breaks: Breaks) {
    let unbroken = matches!(breaks, Breaks::Never);
    let line = Line::new(breaks);
    let (outcome, shown) = within(case, async {
        let mut scene = Scene::open(&line).await;
        let outcome = scene.report(HOME, "v1").await;
        let shown = scene.shown(HOME).await;
        scene.server.stop().await;
        (outcome, shown)
    });
    if shown == 1 && matches!(outcome, Ok(1)) {
        return;
    }
    let (names, pipelined, looked) = {
        let seen = line.seen();
        (seen.names.join(", "), seen.pipelined, seen.looked.len())
    };
    let sent = |name| names.matches(name).count();
    let advice = match (shown, &outcome) {
        (_, Err(error)) if error.to_string().contains("runs no scripts") => {
            "A Lua script is one step in Redis, and right there. The readable Redis of this lesson runs none: put the step together of \
             commands that it has."
        }
        _ if unbroken => {
            "The connection did not break: one visit is counted, once, and the result is the counter."
        }
        (2.., _) if !names.contains("SET") && !names.contains("EXPIRE") => {
            "INCR had run, only its reply was lost, and the second INCR counted again. Something in Redis has to tell whether a visit \
             was counted."
        }
        (2.., _) if !names.contains("SET") && sent("INCRBY") == sent("EXPIRE") => {
            "The next try counted again: EXPIRE sets the time of a key that exists, and no command has written the mark."
        }
        (2.., _) if names.contains("EXEC") && looked == 1 => {
            "A transaction had counted the visit, and the next try counted again, although it looked at the same key as the first. If its \
             mark is there, the visit was counted."
        }
        (2.., _)
            if names.contains("EXEC") && !names.contains("GET") && !names.contains("EXISTS") =>
        {
            "A transaction had counted the visit and written its mark, and the next try counted again: no try looks for the mark first."
        }
        (2.., _) if names.contains("EXEC") => {
            "A transaction had counted the visit and written its mark, and the next try counted again. Each try looks for the mark first. \
             The key of a mark has to be the same in each try: it is made of the counter and of the id of the visit."
        }
        (2.., _) if pipelined => {
            "The visit was counted, and its mark was not written. The commands came in one write, but a pipeline is not one step: the \
             connection can break between them."
        }
        (2.., _) => {
            "The visit was counted, and its mark was not written. Count and mark are two commands, and the connection can break \
             between them."
        }
        (0, Ok(_)) if !names.contains("SET") => {
            "Nothing was counted, and no mark was written: the connection broke before that, and the result is Ok."
        }
        (0, Ok(_)) => {
            "The mark says that the visit was counted, and it was not. Mark and count are two commands, and the connection can \
             break between them."
        }
        (_, Err(_)) => {
            "There were tries left, and the next command gets a new connection. Find out whether the visit was counted, and go on."
        }
        (_, Ok(_)) => "The visit was counted once; the result is another number.",
    };
    let broken = line.seen().broken_at.clone();
    case.fail(
        case.report()
            .detail("sent", names)
            .detail("broke", broken.unwrap_or("never".to_string()))
            .detail("expected", "Ok(1), and the counter shows 1")
            .detail("your answer", told(&outcome, shown))
            .advice(advice),
    );
}

// The belief of this exercise.
#[test]
fn a_the_reply_is_lost() {
    case("The connection does not break", |case| {
        one_visit(case, Breaks::Never);
    });
    for at in 1..=8 {
        let situation = format!("The reply to command {at} is lost");
        case(&situation, |case| one_visit(case, Breaks::After(at)));
    }
}

#[test]
fn b_the_command_is_lost() {
    for at in 1..=8 {
        let situation = format!("The connection breaks before command {at} runs");
        case(&situation, |case| one_visit(case, Breaks::Before(at)));
    }
}

#[test]
fn c_it_breaks_again() {
    for at in 1..=8 {
        let situation = format!("The replies to commands {at} and {} are lost", at + 1);
        case(&situation, |case| one_visit(case, Breaks::AfterTwo(at)));
    }
}

#[test]
fn d_reported_again() {
    case(
        "Three visits; the second one is reported three times",
        |case| {
            let (shown, last) = within(case, async {
                let line = Line::new(Breaks::Never);
                let mut scene = Scene::open(&line).await;
                let mut last = Ok(0);
                for visit in ["v1", "v2", "v2", "v3", "v2"] {
                    last = scene.report(HOME, visit).await;
                }
                let shown = scene.shown(HOME).await;
                scene.server.stop().await;
                (shown, last)
            });
            let advice =
                "The visits have ids. A mark has to be found again by the id of its visit.";
            case.expect_named("the counter shows", &3u64, &shown, "visits", advice);
            if last.as_ref().ok() != Some(&3) {
                let advice =
                    "A visit that was counted before returns the present value of the counter.";
                case.differ("the last report returns Ok(3)", told(&last, shown), advice);
            }
        },
    );
    case("One visit, at two counters", |case| {
        let shown = within(case, async {
            let line = Line::new(Breaks::Never);
            let mut scene = Scene::open(&line).await;
            for counter in [HOME, "visits:shop"] {
                let _ = scene.report(counter, "v1").await;
            }
            let shown = scene.shown("visits:shop").await;
            scene.server.stop().await;
            shown
        });
        let advice = "The visit was counted at visits:home, and visits:shop has to count it as well. A mark belongs to a counter and a \
                      visit.";
        case.expect_named("visits:shop shows", &1u64, &shown, "visits", advice);
    });
    case("The same visit again after 59 minutes", |case| {
        let shown = within(case, async {
            let line = Line::new(Breaks::Never);
            let mut scene = Scene::open(&line).await;
            let _ = scene.report(HOME, "v1").await;
            scene.server.clock().advance(Duration::from_secs(59 * 60));
            let _ = scene.report(HOME, "v1").await;
            let shown = scene.shown(HOME).await;
            scene.server.stop().await;
            shown
        });
        let advice =
            "A visit may be reported again within an hour, so its mark has to stay for an hour.";
        case.expect_named("the counter shows", &1u64, &shown, "visits", advice);
    });
}

#[test]
fn e_no_key_without_an_expiry() {
    case("What is left after a visit", |case| {
        let line = Line::new(Breaks::Never);
        let left = within(case, async {
            let mut scene = Scene::open(&line).await;
            let _ = scene.report(HOME, "v1").await;
            let words = line.seen().words.clone();
            let mut left = Vec::new();
            for word in words.into_iter().filter(|word| word != HOME) {
                let ttl: i64 = scene.direct.ttl(&word).await.expect("a reply");
                if ttl == -1 {
                    left.push(word);
                }
            }
            scene.server.stop().await;
            left
        });
        if !left.is_empty() {
            let advice = "Each visit leaves a mark, and Redis keeps it in memory. Give it an expiry, in the same command.";
            let right = format!("{HOME}, and keys that expire");
            case.differ(right, format!("{} never expires", left.join(", ")), advice);
        }
    });
}

#[test]
fn f_tries_are_limited() {
    case("The connection always breaks", |case| {
        let line = Line::new(Breaks::Always);
        let outcome = within(case, async {
            let scene = Scene::open(&line).await;
            let outcome = scene.report(HOME, "v1").await;
            scene.server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            case.differ(
                "an error",
                told(&outcome, 0),
                "No command has reached Redis.",
            );
        }
        let sent = line.seen().commands;
        if sent > TRIES {
            let advice = "`TRIES` limits the tries of one call, all together.";
            let right = format!("at most {TRIES} tries");
            case.differ(right, format!("{sent} tries"), advice);
        }
    });
    case("The counter holds no number", |case| {
        let line = Line::new(Breaks::Never);
        let outcome = within(case, async {
            let mut scene = Scene::open(&line).await;
            let _: () = scene.direct.set(HOME, "closed").await.expect("a reply");
            let outcome = scene.report(HOME, "v1").await;
            scene.server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            let advice = "Redis has answered with an error: \"closed\" is no number.";
            case.differ("an error", told(&outcome, 0), advice);
        }
        // One try needs five at most: a look, and a transaction of two.
        let sent = line.seen().commands;
        if sent > 9 {
            let advice = "Redis has answered: \"closed\" is no number. It answers the same again. Only a call without a reply may be tried \
                          again.";
            case.differ(
                "no more than 9 commands",
                format!("{sent} commands"),
                advice,
            );
        }
    });
}
