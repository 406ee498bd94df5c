//! The check of `watch-a-key`. The key lies in a real agent, whose clock is moved by hand: the five
//! minutes of a wait are over when the check says so.

mod exercise;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exercise::{Answer, Away, Book, watch};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::Clock;
use testkit::{Case, case};
use tokio::time::sleep;

const KEY: &str = "/v1/kv/light";
/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_secs(2);
/// So long is waited once somebody was late: what was wrong once is not worth more.
const LATER: Duration = Duration::from_millis(150);
static LATE: AtomicBool = AtomicBool::new(false);

fn patience() -> Duration {
    if LATE.load(Ordering::Relaxed) {
        LATER
    } else {
        SOON
    }
}
/// Nobody has to ask so often here.
const MOST: usize = 40;

/// What the check has seen of the learner's code.
#[derive(Default)]
struct Seen {
    /// What was told.
    told: RefCell<Vec<Option<String>>>,
    /// The index of each question.
    asked: RefCell<Vec<u64>>,
    /// How many answers there were.
    answered: Cell<usize>,
    pauses: Cell<usize>,
    /// So many questions go unanswered.
    away: Cell<usize>,
    /// Where the agent is now.
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

/// The agent, as the learner's code has it.
struct Line<'a>(&'a Seen);

impl Book for Line<'_> {
    async fn get(&mut self, index: u64) -> Result<Answer, Away> {
        self.0.asked.borrow_mut().push(index);
        if self.0.asked.borrow().len() > MOST {
            // It would ask for ever; the check looks at the number.
            return pending().await;
        }
        if self.0.away.get() > 0 {
            self.0.away.set(self.0.away.get() - 1);
            return Err(Away);
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

/// The agent and what was seen: what a scene is played with.
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

    /// Waits until this was told, and nothing else.
    async fn expect_told(&self, wanted: &[&str], advice: &str) {
        let until = Instant::now() + patience();
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
                .detail("expected", format!("told: {}", wanted.join(", ")))
                .detail("your answer", format!("told: {told}"))
                .detail(
                    "your questions",
                    format!("{}, the last one with index {last}", asked.len()),
                )
                .advice(advice),
        );
    }

    /// Until the learner's code has had so many more answers, and asks again.
    async fn answers(&self, more: usize, mut meanwhile: impl AsyncFnMut()) {
        let wanted = self.seen.answered.get() + more;
        let until = Instant::now() + patience();
        while self.seen.answered.get() < wanted || self.seen.asked.borrow().len() <= wanted {
            if self.seen.asked.borrow().len() > MOST {
                return;
            }
            if Instant::now() > until {
                LATE.store(true, Ordering::Relaxed);
                let last = self.seen.asked.borrow().last().copied().unwrap_or(0);
                let advice = "The agent had something new, and your question did not ask for it. Send the \
                              index back exactly as it came, and ask again after each answer.";
                let waiting = format!("still waiting, with index {last} in the question");
                self.case
                    .differ("an answer, and the next question", waiting, advice);
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

/// Plays a scene beside the learner's loop.
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
        let mut line = Line(&seen);
        let changed = |value: Option<&str>| {
            seen.told.borrow_mut().push(value.map(str::to_string));
        };
        tokio::select! {
            () = watch(&mut line, changed) => {
                let advice = "An agent that is away comes back, and a key changes again: the loop has no \
                              end of its own.";
                case.differ("a watch that never ends", "it ended", advice);
            }
            () = scene(&stage) => {}
        }
        agent.stop().await;
    });
}

const AT_FIRST: &str = "The first answer is news in any case: tell it.";

// The belief of this exercise. The wait is over, and that is all.
#[test]
fn a_the_wait_ends() {
    case(
        "The light is on, and nobody touches it for a quarter of an hour",
        |case| {
            play(case, Some("on"), async |stage| {
                stage.expect_told(&["`on`"], AT_FIRST).await;
                sleep(Duration::from_millis(50)).await;
                let asked = stage.seen.asked.borrow().len();
                if asked > 5 {
                    let advice = "Ask with the index of the last answer, and the agent answers when there \
                                  is something new. With 0 it answers at once, each time.";
                    let answer = format!("{asked} questions at once");
                    case.differ("a question in five minutes", answer, advice);
                }
                for _ in 0..3 {
                    let more = async || stage.clock.advance(Duration::from_secs(330)).await;
                    stage.answers(1, more).await;
                }
                let advice = "Woken, and nothing has changed: the same index, the same value, only the \
                              wait has ended. Compare with what you have told last.";
                stage.expect_told(&["`on`"], advice).await;
            });
        },
    );
}

// A change wakes at once, and the answer to it is the news.
#[test]
fn b_a_change_is_told() {
    case("On, off, on again, and then the key is deleted", |case| {
        play(case, Some("on"), async |stage| {
            stage.expect_told(&["`on`"], AT_FIRST).await;
            let advice = "The change is there, and you wait for a later one. Send the index back exactly \
                          as it came: the agent answers when it is *greater*.";
            stage.put(KEY, "off").await;
            stage.expect_told(&["`on`", "`off`"], advice).await;
            stage.put(KEY, "on").await;
            stage.expect_told(&["`on`", "`off`", "`on`"], advice).await;
            let gone = ask::ask(stage.agent, "DELETE", KEY, "").await;
            assert_eq!(gone.expect("an answer").status, 200);
            let advice = "That a key is gone is a change as well.";
            stage
                .expect_told(&["`on`", "`off`", "`on`", "no key"], advice)
                .await;
        });
    });
}

// A key that is not there shares its index with all the others.
#[test]
fn c_woken_by_others() {
    case(
        "There is no light yet, and others write other keys",
        |case| {
            play(case, None, async |stage| {
                let advice = "That there is no such key is an answer, and the first one: tell it.";
                stage.expect_told(&["no key"], advice).await;
                for number in 2..5 {
                    let path = "/v1/kv/other";
                    let put = async || stage.put(path, &number.to_string()).await;
                    stage.answers(1, put).await;
                }
                let advice = "You were woken by a change of another key: the index has moved, and the value is \
                          the one that you have told last. An index says that you should look, and not \
                          that there is something to see.";
                stage.expect_told(&["no key"], advice).await;
                stage.put(KEY, "on").await;
                let advice = "Now the key is there: that is news.";
                stage.expect_told(&["no key", "`on`"], advice).await;
            });
        },
    );
}

// A value that was written back is the old value.
#[test]
fn d_the_same_value() {
    case(
        "The light is on. Somebody sets its flags, and nothing else",
        |case| {
            play(case, Some("on"), async |stage| {
                stage.expect_told(&["`on`"], AT_FIRST).await;
                for flags in 1..3 {
                    let path = format!("{KEY}?flags={flags}");
                    let put = async || stage.put(&path, "on").await;
                    stage.answers(1, put).await;
                }
                let advice = "The index has moved, and the value is `on` as before. Who is told of it would \
                          switch on what is on.";
                stage.expect_told(&["`on`"], advice).await;
            });
        },
    );
}

// Nobody home for a moment.
#[test]
fn e_the_agent_is_away() {
    case("The agent does not answer for a while", |case| {
        play(case, Some("on"), async |stage| {
            stage.expect_told(&["`on`"], AT_FIRST).await;
            stage.seen.away.set(5);
            stage.put(KEY, "off").await;
            let advice = "The agent was away, and is back, and the key has changed: go on asking.";
            stage.expect_told(&["`on`", "`off`"], advice).await;
            // The question after the news is the first one that nobody answers.
            stage.put(KEY, "on").await;
            stage.expect_told(&["`on`", "`off`", "`on`"], advice).await;
            let (away, pauses) = (5 - stage.seen.away.get(), stage.seen.pauses.get());
            if pauses < away {
                let advice = "Nobody answers at once more often because somebody asks more often: between \
                              two questions to an agent that is away there is a pause.";
                let pauses = format!("{pauses} pauses after {away} questions without an answer");
                stage.case.differ(format!("{away} pauses"), pauses, advice);
            }
        });
    });
}

// After a restart the numbers begin anew.
#[test]
fn f_the_index_falls() {
    case(
        "The agent is restarted with an old copy: its index is smaller",
        |case| {
            play(case, Some("on"), async |stage| {
                stage.expect_told(&["`on`"], AT_FIRST).await;
                // Many changes of the key, and each is seen.
                for number in 0..10 {
                    let path = format!("{KEY}?flags={number}1");
                    let put = async || stage.put(&path, "on").await;
                    stage.answers(1, put).await;
                }
                let other = agent(&stage.clock).await;
                let addr = other.address();
                let put = ask::put(addr, KEY, "on").await;
                assert_eq!(put.expect("an answer").status, 200);
                stage.seen.agent.set(Some(addr));
                // The question to the old one ends; the next one goes to the new one, and its wait ends as
                // well: with an index that is smaller than the one in the question.
                let more = async || stage.clock.advance(Duration::from_secs(330)).await;
                stage.answers(2, more).await;
                let put = ask::put(addr, KEY, "off").await;
                assert_eq!(put.expect("an answer").status, 200);
                let advice = "The index fell: the agent counts anew, and you wait for a number that it has not \
                          reached for a long time. Its last answer counts, not the greatest one.";
                stage.expect_told(&["`on`", "`off`"], advice).await;
                // Not stopped: in the moment that takes, the learner's question to it would break off.
                drop(other);
            });
        },
    );
}

// Away, and back as another one: the old index means nothing to it.
#[test]
fn g_restarted_while_away() {
    case(
        "The agent is away, and comes back restarted, with a smaller index and another value",
        |case| {
            play(case, Some("on"), async |stage| {
                stage.expect_told(&["`on`"], AT_FIRST).await;
                for number in 0..10 {
                    let path = format!("{KEY}?flags={number}1");
                    let put = async || stage.put(&path, "on").await;
                    stage.answers(1, put).await;
                }
                let other = agent(&stage.clock).await;
                let addr = other.address();
                let put = ask::put(addr, KEY, "off").await;
                assert_eq!(put.expect("an answer").status, 200);
                stage.seen.away.set(2);
                stage.seen.agent.set(Some(addr));
                // The question to the old one ends with the old value; the two after it find no agent.
                stage.put(&format!("{KEY}?flags=77"), "on").await;
                let advice = "The agent was away and has been restarted: its index is smaller than the one \
                              in your question, so it waits for a number that it has not reached. The key \
                              holds `off`, and index 0 asks for it at once.";
                stage.expect_told(&["`on`", "`off`"], advice).await;
                drop(other);
            });
        },
    );
}
