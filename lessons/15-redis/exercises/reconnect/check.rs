//! The check of `reconnect`. A real client calls the lesson's own server over a wire that breaks at every possible
//! moment, one after the other.

mod exercise;

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exercise::{TRIES, count};
use l15_redis::client::{Patience, connect};
use l15_redis::faults::{Act, Command, Rule, Wire};
use l15_redis::server::{Config, Server};
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use testkit::{Case, case};

const GATE: &str = "gate:north";
const LATE: &str =
    "It has not ended after 4 s. After `TRIES` tries it has to be given up, with the last error.";

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
    let redis = connect(addr, Patience::default()).await;
    redis.expect("a connection")
}

/// Where the line breaks.
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

/// A line that breaks, and writes down what went over it.
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
        let name = command.words.first().map_or("", String::as_str);
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

/// The server, the line to it, and a connection of our own.
struct Scene {
    server: Server,
    wire: Wire,
    direct: ConnectionManager,
}

impl Scene {
    async fn open(line: &Line) -> Scene {
        let server = Server::start(Config::default()).await.expect("a server");
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

/// One visit, over a line that breaks there.
#[track_caller]
fn one_visit(case: &Case, breaks: Breaks) {
    let line = Line::new(breaks);
    let (outcome, shown) = within(case, async {
        let mut scene = Scene::open(&line).await;
        let outcome = scene.report(GATE, "v1").await;
        let shown = scene.shown(GATE).await;
        scene.server.stop().await;
        (outcome, shown)
    });
    if shown == 1 && matches!(outcome, Ok(1)) {
        return;
    }
    let advice = match (shown, &outcome) {
        (2.., _) => {
            "INCR counted twice: the first one had run, only its reply was lost. A command that is sent again runs again, unless \
             something in Redis says that it has run already."
        }
        (0, Ok(_)) => {
            "The visit is lost: something in Redis says that it was counted, and it was not. What is written in two steps can \
             break between them."
        }
        (_, Err(error)) if error.to_string().contains("runs no scripts") => {
            "A Lua script is an atomic step in Redis, and right there. The readable server of this lesson runs none: put the step \
             together of commands that it has."
        }
        (_, Err(_)) => {
            "There were tries left, and a new line is made by itself. Find out whether it was counted, and go on."
        }
        (_, Ok(_)) => "It was counted once; the answer says something else.",
    };
    let broken = line.seen().broken_at.clone();
    case.fail(
        case.report()
            .detail("the line", broken.unwrap_or("did not break".to_string()))
            .detail("expected", "Ok(1), and the counter shows 1")
            .detail("your answer", told(&outcome, shown))
            .advice(advice),
    );
}

// The belief of this exercise.
#[test]
fn a_the_reply_is_lost() {
    case("The line does not break", |case| {
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
        let situation = format!("The line breaks before command {at} runs");
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
            let shown = within(case, async {
                let line = Line::new(Breaks::Never);
                let mut scene = Scene::open(&line).await;
                for visit in ["v1", "v2", "v2", "v3", "v2"] {
                    let _ = scene.report(GATE, visit).await;
                }
                let shown = scene.shown(GATE).await;
                scene.server.stop().await;
                shown
            });
            let advice = "A visit has a name. Whoever makes a new name at each try, or none, cannot know it again.";
            case.expect_named("the counter shows", &3u64, &shown, "visits", advice);
        },
    );
    case("One visit, at two counters", |case| {
        let shown = within(case, async {
            let line = Line::new(Breaks::Never);
            let mut scene = Scene::open(&line).await;
            for counter in [GATE, "gate:south"] {
                let _ = scene.report(counter, "v1").await;
            }
            let shown = scene.shown("gate:south").await;
            scene.server.stop().await;
            shown
        });
        let advice =
            "It was counted at gate:north, and not yet at gate:south. A mark is for both names.";
        case.expect_named("the counter shows", &1u64, &shown, "visits", advice);
    });
}

#[test]
fn e_nothing_stays_for_ever() {
    case("What is left after a visit", |case| {
        let line = Line::new(Breaks::Never);
        let for_ever = within(case, async {
            let mut scene = Scene::open(&line).await;
            let _ = scene.report(GATE, "v1").await;
            let words = line.seen().words.clone();
            let mut for_ever = Vec::new();
            for word in words.into_iter().filter(|word| word != GATE) {
                let ttl: i64 = scene.direct.ttl(&word).await.expect("an answer");
                if ttl == -1 {
                    for_ever.push(word);
                }
            }
            scene.server.stop().await;
            for_ever
        });
        if !for_ever.is_empty() {
            let advice = "A million visits are a million of them, and Redis keeps them in memory. Give it an end, in the same \
                          command.";
            let left = for_ever.join(", ");
            case.differ(
                format!("{GATE}, and what dies within an hour"),
                format!("{left} never dies"),
                advice,
            );
        }
    });
}

#[test]
fn f_it_has_an_end() {
    case("Every line breaks", |case| {
        let line = Line::new(Breaks::Always);
        let outcome = within(case, async {
            let scene = Scene::open(&line).await;
            let outcome = scene.report(GATE, "v1").await;
            scene.server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            case.differ("an error", told(&outcome, 0), "Nothing has reached Redis.");
        }
        let sent = line.seen().commands;
        if sent > TRIES {
            let advice = "`TRIES` is a limit for all tries together: with a thousand turnstiles, each try too many is a \
                          thousand, just when Redis has the least time.";
            let right = format!("at most {TRIES} tries");
            case.differ(right, format!("{sent} tries"), advice);
        }
    });
    case("The counter is no number", |case| {
        let line = Line::new(Breaks::Never);
        let outcome = within(case, async {
            let mut scene = Scene::open(&line).await;
            let _: () = scene.direct.set(GATE, "closed").await.expect("an answer");
            let outcome = scene.report(GATE, "v1").await;
            scene.server.stop().await;
            outcome
        });
        if outcome.is_ok() {
            let advice = "Redis has said that it cannot be done.";
            case.differ("an error", told(&outcome, 0), advice);
        }
        // A good answer needs five: a look, and a transaction of two.
        let sent = line.seen().commands;
        if sent > 9 {
            let advice = "Redis has answered: \"closed\" is no number. It will say so again. Only who has no answer may ask again; \
                          look at `is_io_error` of `RedisError`.";
            case.differ(
                "no more than 9 commands",
                format!("{sent} commands"),
                advice,
            );
        }
    });
}
