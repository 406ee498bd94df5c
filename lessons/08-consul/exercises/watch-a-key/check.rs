//! The check of `watch-a-key`. The key lies in the readable agent, whose clock is moved by the check, so that the five
//! minutes of a wait take no time.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exercise::{Answer, KvStore, Unavailable, watch};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::Clock;
use testkit::{Case, case};
use tokio::time::sleep;

const KEY: &str = "/v1/kv/log-level";
/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_secs(2);
/// The limit once an answer was late: the next ones need not be waited for as long.
const LATER: Duration = Duration::from_millis(150);
static LATE: AtomicBool = AtomicBool::new(false);

fn limit() -> Duration {
    if LATE.load(Ordering::Relaxed) {
        LATER
    } else {
        SOON
    }
}

/// More queries than any situation needs.
const MOST: usize = 40;

/// What the check has seen of the answer.
#[derive(Default)]
struct Seen {
    /// What was reported.
    told: RefCell<Vec<Option<String>>>,
    /// The index of each query.
    asked: RefCell<Vec<u64>>,
    /// Whether each of these queries found no agent.
    failed: RefCell<Vec<bool>>,
    /// How many answers there were.
    answered: Cell<usize>,
    pauses: Cell<usize>,
    /// So many queries get no answer.
    away: Cell<usize>,
    /// Where the agent listens now.
    agent: Cell<Option<SocketAddr>>,
}

impl Seen {
    fn told(&self) -> Vec<String> {
        let told = self.told.borrow();
        told.iter().map(|it| view(it.as_deref())).collect()
    }
}

fn view(value: Option<&str>) -> String {
    value.map_or("no key".to_string(), |value| format!("`{value}`"))
}

/// The key, as the answer has it.
struct Key<'a>(&'a Seen);

impl KvStore for Key<'_> {
    async fn get(&mut self, index: u64) -> Result<Answer, Unavailable> {
        self.0.asked.borrow_mut().push(index);
        if self.0.asked.borrow().len() > MOST {
            // It would ask without limit; the check looks at the number.
            return pending().await;
        }
        let away = self.0.away.get() > 0;
        self.0.failed.borrow_mut().push(away);
        if away {
            self.0.away.set(self.0.away.get() - 1);
            return Err(Unavailable);
        }
        let agent = self.0.agent.get().expect("set before");
        let answer = ask::get(agent, &format!("{KEY}?raw&index={index}")).await;
        let answer = answer.expect("an answer");
        self.0.answered.set(self.0.answered.get() + 1);
        Ok(Answer {
            index: answer.index,
            value: (answer.status == 200).then_some(answer.body),
        })
    }

    async fn pause(&mut self) {
        self.0.pauses.set(self.0.pauses.get() + 1);
        sleep(Duration::from_millis(1)).await;
    }
}

/// The agent and what was seen in one situation.
struct Stage<'a> {
    case: &'a Case,
    seen: &'a Seen,
    agent: SocketAddr,
    clock: Clock,
}

impl Stage<'_> {
    async fn put(&self, path: &str, value: &str) {
        let answer = ask::put(self.agent, path, value).await;
        assert_eq!(answer.expect("an answer").body.trim(), "true");
    }

    /// Waits until this was reported, and nothing else.
    async fn expect_told(&self, wanted: &[&str], advice: &str) {
        let until = Instant::now() + limit();
        while self.seen.told() != wanted {
            let asked = self.seen.asked.borrow().len();
            if Instant::now() > until || self.seen.told().len() > wanted.len() || asked > MOST {
                self.differ(wanted, advice);
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    fn differ(&self, wanted: &[&str], advice: &str) -> ! {
        LATE.store(true, Ordering::Relaxed);
        let asked = self.seen.asked.borrow();
        let last = asked.last().copied().unwrap_or(0);
        let report = self.case.report();
        let told = self.seen.told();
        let told = if told.is_empty() {
            "nothing".to_string()
        } else {
            told.join(", ")
        };
        self.case.fail(
            report
                .detail("expected", format!("reported: {}", wanted.join(", ")))
                .detail("your answer", format!("reported: {told}"))
                .detail(
                    "queries",
                    format!("{}, the last one with index {last}", asked.len()),
                )
                .advice(advice),
        );
    }

    /// Until the watch has got so many more answers, and queries again.
    async fn answers(&self, more: usize, mut meanwhile: impl AsyncFnMut()) {
        let wanted = self.seen.answered.get() + more;
        let until = Instant::now() + limit();
        while self.seen.answered.get() < wanted || self.seen.asked.borrow().len() <= wanted {
            if self.seen.asked.borrow().len() > MOST {
                return;
            }
            if Instant::now() > until {
                LATE.store(true, Ordering::Relaxed);
                let last = self.seen.asked.borrow().last().copied().unwrap_or(0);
                let advice = "The agent had a newer index, and your query did not ask for it. Send the \
                              index back exactly as it came, and query again after each answer.";
                let waiting = format!("still waiting, with index {last} in the query");
                self.case
                    .differ("an answer, and the next query", waiting, advice);
            }
            meanwhile().await;
            sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn agent(clock: &Clock) -> Agent {
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    Agent::start(config).await.expect("an agent")
}

/// Plays a situation beside the answer's loop.
fn play(case: &Case, value: Option<&str>, scene: impl AsyncFnOnce(&Stage)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let clock = Clock::manual();
        let agent = agent(&clock).await;
        let seen = Seen::default();
        seen.agent.set(Some(agent.address()));
        let stage = Stage {
            case,
            seen: &seen,
            agent: agent.address(),
            clock,
        };
        stage.put("/v1/kv/other", "1").await;
        if let Some(value) = value {
            stage.put(KEY, value).await;
        }
        let mut key = Key(&seen);
        let changed = |value: Option<&str>| {
            seen.told.borrow_mut().push(value.map(str::to_string));
        };
        tokio::select! {
            () = watch(&mut key, changed) => {
                let advice = "An unavailable agent comes back, and a key changes again: the loop has no \
                              end of its own.";
                case.differ("a watch that never ends", "it ended", advice);
            }
            () = scene(&stage) => {}
        }
        agent.stop().await;
    });
}

const AT_FIRST: &str = "The first value is reported in any case.";

// The belief of this exercise. The wait is over, and that is all.
#[test]
fn a_the_wait_ends() {
    case(
        "The key holds `info`, and does not change for a quarter of an hour",
        |case| {
            play(case, Some("info"), async |stage| {
                stage.expect_told(&["`info`"], AT_FIRST).await;
                sleep(Duration::from_millis(50)).await;
                let asked = stage.seen.asked.borrow().len();
                if asked > 5 {
                    let advice = "With the index of the last answer the agent answers when there is a newer \
                                  one. With 0 it answers at once, each time.";
                    let answer = format!("{asked} queries at once");
                    case.differ("one query in five minutes", answer, advice);
                }
                for _ in 0..3 {
                    let more = async || stage.clock.advance(Duration::from_secs(330)).await;
                    stage.answers(1, more).await;
                }
                let advice = "The agent has answered with the same index and the same value: only the \
                              wait has ended. Compare with the value that you have reported last.";
                stage.expect_told(&["`info`"], advice).await;
            });
        },
    );
}

// A change is answered at once.
#[test]
fn b_a_change_is_told() {
    case(
        "`info`, `debug`, `info` again, and then the key is deleted",
        |case| {
            play(case, Some("info"), async |stage| {
                stage.expect_told(&["`info`"], AT_FIRST).await;
                let advice = "The key has changed, and your query waits for a later change. Send the index back exactly \
                          as it came: the agent answers when its own is *greater*.";
                stage.put(KEY, "debug").await;
                stage.expect_told(&["`info`", "`debug`"], advice).await;
                stage.put(KEY, "info").await;
                stage
                    .expect_told(&["`info`", "`debug`", "`info`"], advice)
                    .await;
                let gone = ask::ask(stage.agent, "DELETE", KEY, "").await;
                assert_eq!(gone.expect("an answer").status, 200);
                let advice = "That the key does not exist any more is a change as well.";
                stage
                    .expect_told(&["`info`", "`debug`", "`info`", "no key"], advice)
                    .await;
            });
        },
    );
}

// A key that does not exist shares its index with all others.
#[test]
fn c_woken_by_others() {
    case(
        "The key does not exist yet, and other keys are written",
        |case| {
            play(case, None, async |stage| {
                let advice = "The first answer says that the key does not exist: report it.";
                stage.expect_told(&["no key"], advice).await;
                for number in 2..5 {
                    let path = "/v1/kv/other";
                    let put = async || stage.put(path, &number.to_string()).await;
                    stage.answers(1, put).await;
                }
                let advice = "Another key has changed, so the index has moved; the value is the one that you have \
                          reported last. A new index means that the value may have changed.";
                stage.expect_told(&["no key"], advice).await;
                stage.put(KEY, "info").await;
                let advice = "Now the key exists: that is a change.";
                stage.expect_told(&["no key", "`info`"], advice).await;
            });
        },
    );
}

// A value that was written back is the old value.
#[test]
fn d_the_same_value() {
    case(
        "The key holds `info`. A client sets its flags, and nothing else",
        |case| {
            play(case, Some("info"), async |stage| {
                stage.expect_told(&["`info`"], AT_FIRST).await;
                for flags in 1..3 {
                    let path = format!("{KEY}?flags={flags}");
                    let put = async || stage.put(&path, "info").await;
                    stage.answers(1, put).await;
                }
                let advice = "The index has moved, and the value is `info` as before. Only another value is \
                          reported.";
                stage.expect_told(&["`info`"], advice).await;
            });
        },
    );
}

// The agent is unavailable for a moment.
#[test]
fn e_the_agent_is_away() {
    case("The agent does not answer for some queries", |case| {
        play(case, Some("info"), async |stage| {
            stage.expect_told(&["`info`"], AT_FIRST).await;
            stage.seen.away.set(5);
            stage.put(KEY, "debug").await;
            let advice = "The agent was unavailable, is back, and the key has changed: go on with the queries.";
            stage.expect_told(&["`info`", "`debug`"], advice).await;
            // The query after this change is the first one without an answer.
            stage.put(KEY, "info").await;
            stage
                .expect_told(&["`info`", "`debug`", "`info`"], advice)
                .await;
            let (away, pauses) = (5 - stage.seen.away.get(), stage.seen.pauses.get());
            if pauses < away {
                let advice = "More queries do not bring the agent back. While it is unavailable, there is a pause \
                              between two queries.";
                let pauses = format!("{pauses} pauses after {away} queries without an answer");
                stage.case.differ(format!("{away} pauses"), pauses, advice);
            }
        });
    });
}

// After a restart the index begins anew.
#[test]
fn f_the_index_falls() {
    case(
        "The agent is restarted from an old copy: its index is smaller",
        |case| {
            play(case, Some("info"), async |stage| {
                stage.expect_told(&["`info`"], AT_FIRST).await;
                // Many changes of the key, and each is seen.
                for number in 0..10 {
                    let path = format!("{KEY}?flags={number}1");
                    let put = async || stage.put(&path, "info").await;
                    stage.answers(1, put).await;
                }
                let other = agent(&stage.clock).await;
                let addr = other.address();
                let put = ask::put(addr, KEY, "info").await;
                assert_eq!(put.expect("an answer").status, 200);
                stage.seen.agent.set(Some(addr));
                // The query to the old one ends; the next one goes to the new one, and its wait ends as well, with an
                // index that is smaller than the one in the query.
                let more = async || stage.clock.advance(Duration::from_secs(330)).await;
                stage.answers(2, more).await;
                let put = ask::put(addr, KEY, "debug").await;
                assert_eq!(put.expect("an answer").status, 200);
                let advice = "The index fell, because the agent counts anew. Your query waits for an index that the \
                          agent reaches much later. The index of the last answer counts, not the greatest one.";
                stage.expect_told(&["`info`", "`debug`"], advice).await;
                // Not stopped: while it stops, the answer's query to it would fail.
                drop(other);
            });
        },
    );
}

// Unavailable, and back after a restart: the old index means nothing to it.
#[test]
fn g_restarted_while_away() {
    case(
        "The agent is unavailable, and comes back restarted, with a smaller index and another value",
        |case| {
            play(case, Some("info"), async |stage| {
                stage.expect_told(&["`info`"], AT_FIRST).await;
                for number in 0..10 {
                    let path = format!("{KEY}?flags={number}1");
                    let put = async || stage.put(&path, "info").await;
                    stage.answers(1, put).await;
                }
                let other = agent(&stage.clock).await;
                let addr = other.address();
                let put = ask::put(addr, KEY, "debug").await;
                assert_eq!(put.expect("an answer").status, 200);
                stage.seen.away.set(2);
                stage.seen.agent.set(Some(addr));
                // The query to the old one ends with the old value; the two after it find no agent.
                stage.put(&format!("{KEY}?flags=77"), "info").await;
                let advice = "The agent was unavailable and has been restarted: its index is smaller than the one \
                              in your query, so it waits for an index that it has not reached. The key \
                              holds `debug`, and a query with index 0 is answered at once.";
                stage.expect_told(&["`info`", "`debug`"], advice).await;
                let (asked, failed) = (stage.seen.asked.borrow(), stage.seen.failed.borrow());
                let after = asked.iter().skip(1).zip(failed.iter());
                if let Some((index, _)) = after
                    .filter(|(_, failed)| **failed)
                    .find(|(index, _)| **index != 0)
                {
                    let advice = "The agent did not answer a query, so it may have been restarted. The index of its last \
                                  answer may be one that the new agent reaches much later.";
                    case.differ(
                        "index 0 in each query after one without an answer",
                        format!("index {index}"),
                        advice,
                    );
                }
                drop(other);
            });
        },
    );
}
