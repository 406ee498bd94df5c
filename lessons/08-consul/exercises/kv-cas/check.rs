//! The check of `kv-cas`. The key lies in the readable agent. Between a read of the answer and its next write another
//! client may write; the check arranges that, so that it happens each time.

mod exercise;
mod given;

use std::collections::VecDeque;

use exercise::{Entry, KvStore, NoAnswer, become_leader, resign};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::{self, Answer};
use testkit::{Case, case};
use tokio::runtime::Runtime;

const KEY: &str = "/v1/kv/leader";
/// A right answer needs a few requests.
const MOST: usize = 50;
/// What the messages say where the key does not exist.
const NO_KEY: &str = "(no key)";

/// What another client does right before the answer's next write.
type Others = fn(&Key);

/// The key in its agent, as all clients see it.
struct Key {
    runtime: Runtime,
    agent: Agent,
}

impl Key {
    fn new(leader: Option<&str>) -> Key {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let agent = runtime.block_on(Agent::start(Config::default()));
        let agent = agent.expect("an agent");
        let key = Key { runtime, agent };
        // Other keys were written before, so the index of this one is not 1.
        key.ask("PUT", "/v1/kv/other", "x");
        if let Some(leader) = leader {
            key.ask("PUT", KEY, leader);
        }
        key
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let asking = ask::ask(self.agent.address(), method, path, body);
        self.runtime.block_on(asking).expect("an answer")
    }

    fn entry(&self) -> Option<Entry> {
        let value = self.ask("GET", &format!("{KEY}?raw"), "");
        if value.status == 404 {
            return None;
        }
        let pair = self.ask("GET", KEY, "").json();
        Some(Entry {
            value: value.body,
            index: pair[0]["ModifyIndex"].as_u64().expect("an index"),
        })
    }

    fn leader(&self) -> String {
        self.entry().map_or(NO_KEY.to_string(), |entry| entry.value)
    }
}

/// The key, as the answer has it.
struct Store {
    key: Key,
    others: VecDeque<Others>,
    /// The answer to the next write is lost.
    lose: bool,
    /// The next write does not arrive.
    drop_next: bool,
    /// No read is answered.
    unanswered: bool,
    calls: usize,
    /// Reads before the first write.
    reads: usize,
    /// Whether the first write carried an index; `None` before it.
    with_index: Option<bool>,
}

impl Store {
    fn new(leader: Option<&str>, others: &[Others]) -> Store {
        Store {
            key: Key::new(leader),
            others: others.iter().copied().collect(),
            lose: false,
            drop_next: false,
            unanswered: false,
            calls: 0,
            reads: 0,
            with_index: None,
        }
    }

    fn change(&mut self, method: &str, body: &str, cas: Option<u64>) -> Result<bool, NoAnswer> {
        self.called();
        self.with_index.get_or_insert(cas.is_some());
        if let Some(others) = self.others.pop_front() {
            others(&self.key);
        }
        if std::mem::take(&mut self.drop_next) {
            return Err(NoAnswer);
        }
        let query = cas.map_or(String::new(), |index| format!("?cas={index}"));
        let answer = self.key.ask(method, &format!("{KEY}{query}"), body);
        if std::mem::take(&mut self.lose) {
            return Err(NoAnswer);
        }
        Ok(answer.body.trim() == "true")
    }

    fn called(&mut self) {
        self.calls += 1;
        assert!(
            self.calls <= MOST,
            "{MOST} requests, and no result yet. A write or a delete with an old index is refused each time: read again first"
        );
    }
}

impl KvStore for Store {
    fn get(&mut self) -> Result<Option<Entry>, NoAnswer> {
        self.called();
        self.reads += usize::from(self.with_index.is_none());
        match self.unanswered {
            true => Err(NoAnswer),
            false => Ok(self.key.entry()),
        }
    }

    fn put(&mut self, name: &str, cas: Option<u64>) -> Result<bool, NoAnswer> {
        self.change("PUT", name, cas)
    }

    fn delete(&mut self, cas: Option<u64>) -> Result<bool, NoAnswer> {
        self.change("DELETE", "", cas)
    }
}

/// The leader that the answer returns, and the one that the key holds; both must be `wanted`.
fn expect(case: &Case, store: &Store, said: Result<String, NoAnswer>, wanted: &str, advice: &str) {
    let holds = store.key.leader();
    let said = said.unwrap_or_else(|NoAnswer| "(NoAnswer)".to_string());
    if said != wanted || holds != wanted {
        let view = |said: &str, holds: &str| format!("returns {said}, and the key holds {holds}");
        case.differ(view(wanted, wanted), view(&said, &holds), advice);
    }
}

/// As [`expect`], for `resign`.
fn expect_resigned(
    case: &Case,
    store: &Store,
    said: &Result<(), NoAnswer>,
    wanted: &str,
    advice: &str,
) {
    let holds = store.key.leader();
    if said.is_err() || holds != wanted {
        let view = |said: &Result<(), NoAnswer>, holds: &str| {
            format!("returns {said:?}, and the key holds {holds}")
        };
        case.differ(view(&Ok(()), wanted), view(said, &holds), advice);
    }
}

/// Writes the name if the key is at the index that it has now, as a right client does.
fn compare_and_set(key: &Key, name: &str) {
    let index = key.entry().map_or(0, |entry| entry.index);
    let answer = key.ask("PUT", &format!("{KEY}?cas={index}"), name);
    assert_eq!(answer.body.trim(), "true");
}

// The belief of this exercise. Between a read and a write another client may write.
#[test]
fn a_two_candidates_one_leader() {
    case(
        "server-1 reads: no key. server-2 reads as well, and writes. Then server-1 writes",
        |case| {
            let mut store = Store::new(None, &[|key| compare_and_set(key, "server-2")]);
            let said = become_leader(&mut store, "server-1", None);
            let holds = store.key.leader();
            let advice = match (store.with_index, store.reads) {
                (Some(false), 2..) => {
                    "Two leaders. You read more than once, and the last read was outdated as well when your write \
                     came: it named no index, so it replaced the name of server-2. With the index that you have \
                     read (0: no key) it would have been refused."
                }
                (Some(true), _) if holds == "server-2" => {
                    "Your write named the index, so it was refused: the key holds the name of server-2. The \
                     answer `false` says that another client was faster. Read again, and return the leader."
                }
                (Some(true), _) => {
                    "Your write named the index of a later read, and replaced the name of server-2, the leader by \
                     then. If a read shows a leader that has not crashed, return it and write nothing."
                }
                (None, _) => "Your code has written nothing, so server-1 is not the leader either.",
                _ => {
                    "Two leaders: the agent has told server-2 that it is the leader. What you have read may be \
                     outdated when your write comes. Send the index that you have read (0: no key) with the write, \
                     and use the answer: `false` means that another client was faster."
                }
            };
            expect(case, &store, said, "server-2", advice);
        },
    );
}

// No other client writes.
#[test]
fn b_no_leader() {
    case(
        "There is no leader, and server-1 is the only candidate",
        |case| {
            let mut store = Store::new(None, &[]);
            let said = become_leader(&mut store, "server-1", None);
            let advice =
                "The key does not exist, and no other client writes: server-1 becomes the leader.";
            expect(case, &store, said, "server-1", advice);
        },
    );
}

// A leader stays the leader.
#[test]
fn c_there_is_a_leader() {
    case(
        "server-2 is the leader, and server-1 is a candidate",
        |case| {
            let mut store = Store::new(Some("server-2"), &[]);
            let said = become_leader(&mut store, "server-1", None);
            let advice = "server-2 is the leader, and nothing says that it has crashed. It stays the leader.";
            expect(case, &store, said, "server-2", advice);
        },
    );
    case(
        "server-2 is the leader. server-1 is started again, and is the leader already",
        |case| {
            let mut store = Store::new(Some("server-1"), &[]);
            let said = become_leader(&mut store, "server-1", Some("server-2"));
            let advice = "The key holds the name of server-1, so it is the leader already.";
            expect(case, &store, said, "server-1", advice);
        },
    );
}

// After the crash of a leader.
#[test]
fn d_replacing_a_dead_leader() {
    case(
        "server-2 was the leader and has crashed. server-3 replaces it",
        |case| {
            let mut store = Store::new(Some("server-2"), &[]);
            let said = become_leader(&mut store, "server-3", Some("server-2"));
            let advice = "The key is still at the index that you have read: write with this index. `cas=0` would mean \
                      that the key must not exist, and it does.";
            expect(case, &store, said, "server-3", advice);
        },
    );
    case(
        "server-4 has replaced server-2 already. server-3 takes server-2 for the leader",
        |case| {
            let mut store = Store::new(Some("server-4"), &[]);
            let said = become_leader(&mut store, "server-3", Some("server-2"));
            let advice = "The leader is server-4, and only server-2 is known to have crashed.";
            expect(case, &store, said, "server-4", advice);
        },
    );
}

// Two candidates for the place of a dead leader.
#[test]
fn e_two_successors() {
    case(
        "server-2 has crashed. server-3 reads, server-4 reads and writes, server-3 writes",
        |case| {
            let mut store = Store::new(Some("server-2"), &[|key| compare_and_set(key, "server-4")]);
            let said = become_leader(&mut store, "server-3", Some("server-2"));
            let advice = "server-4 has read the same index, and was first: it is the leader. Only a write that \
                          carries the index can be refused, and one of the two has to be.";
            expect(case, &store, said, "server-4", advice);
        },
    );
}

// A delete is a write.
#[test]
fn f_resigning_too_late() {
    case(
        "server-1 reads: it is the leader. Then server-2 replaces it. Then server-1 deletes",
        |case| {
            let mut store = Store::new(Some("server-1"), &[|key| compare_and_set(key, "server-2")]);
            let said = resign(&mut store, "server-1");
            let advice = match store.key.leader().as_str() {
                NO_KEY => {
                    "Your delete has removed the name of server-2. The key held your name when you read it, and not \
                     when you deleted it: a delete needs the index as much as a write does."
                }
                _ => {
                    "Another instance is the leader by now. Nothing is left to do, and that is a success."
                }
            };
            expect_resigned(case, &store, &said, "server-2", advice);
        },
    );
    case("server-2 is the leader, and server-1 resigns", |case| {
        let mut store = Store::new(Some("server-2"), &[]);
        let said = resign(&mut store, "server-1");
        let advice = "server-1 is not the leader, so it has nothing to delete.";
        expect_resigned(case, &store, &said, "server-2", advice);
    });
    case("server-1 is the leader, and resigns", |case| {
        let mut store = Store::new(Some("server-1"), &[]);
        let said = resign(&mut store, "server-1");
        let advice = "No other client wrote. The key has to be deleted.";
        expect_resigned(case, &store, &said, NO_KEY, advice);
    });
    case("There is no key, and server-1 resigns", |case| {
        let mut store = Store::new(None, &[]);
        let said = resign(&mut store, "server-1");
        let advice = "There is no leader, so there is nothing to delete.";
        expect_resigned(case, &store, &said, NO_KEY, advice);
    });
}

// Lesson 02: a timeout does not say what was done.
#[test]
fn g_no_answer() {
    let advice = "The write was done, and only its answer was lost. No answer is not the answer `false`: read \
                  again, and the key shows the leader.";
    case(
        "server-1 writes its name into the free key, and the answer is lost",
        |case| {
            let mut store = Store::new(None, &[]);
            store.lose = true;
            let said = become_leader(&mut store, "server-1", None);
            expect(case, &store, said, "server-1", advice);
        },
    );
    case(
        "server-3 replaces the dead server-2, and the answer is lost",
        |case| {
            let mut store = Store::new(Some("server-2"), &[]);
            store.lose = true;
            let said = become_leader(&mut store, "server-3", Some("server-2"));
            expect(case, &store, said, "server-3", advice);
        },
    );
    case(
        "server-1 writes its name into the free key, and the request is lost",
        |case| {
            let mut store = Store::new(None, &[]);
            store.drop_next = true;
            let said = become_leader(&mut store, "server-1", None);
            let advice = "The request never arrived, so the key still does not exist. No answer is not the answer \
                          `true`: read again, and write again.";
            expect(case, &store, said, "server-1", advice);
        },
    );
}

// A faster client may be gone again.
#[test]
fn h_free_again() {
    case(
        "server-2 is faster than server-1, and has resigned when server-1 reads again",
        |case| {
            let mut store = Resigning(Store::new(None, &[|key| compare_and_set(key, "server-2")]));
            let said = become_leader(&mut store, "server-1", None);
            let advice = "Your write was refused, and after that the key was deleted: there is no leader. Go on until \
                          there is one.";
            expect(case, &store.0, said, "server-1", advice);
        },
    );
}

// The key of a dead leader may be deleted.
#[test]
fn i_the_dead_leaders_key_is_gone() {
    case(
        "server-2 has crashed, and its key is deleted. server-3 wants to replace it",
        |case| {
            let mut store = Store::new(None, &[]);
            let said = become_leader(&mut store, "server-3", Some("server-2"));
            let advice = "The key does not exist, so there is no leader. The index of a key that does not exist is 0.";
            expect(case, &store, said, "server-3", advice);
        },
    );
}

// A delete that did not arrive looks like one whose answer is lost.
#[test]
fn j_resigning_without_an_answer() {
    case(
        "server-1 is the leader, and resigns. Its delete never arrives",
        |case| {
            let mut store = Store::new(Some("server-1"), &[]);
            store.drop_next = true;
            let said = resign(&mut store, "server-1");
            let holds = store.key.leader();
            if said.is_ok() && holds != NO_KEY {
                let advice = "No answer came to the delete, and the key still holds the name of server-1. That is not a \
                          success: return `NoAnswer`, or read again and delete again.";
                let answer = format!("returns Ok(()), and the key holds {holds}");
                case.differ("Err(NoAnswer), or Ok(()) and no key", answer, advice);
            }
        },
    );
}

// Without a read nothing is known.
#[test]
fn k_no_answer_to_a_read() {
    case("The agent answers no read at all", |case| {
        let world = |leader| {
            let mut store = Store::new(leader, &[]);
            store.unanswered = true;
            store
        };
        let told = [
            (
                "become_leader",
                become_leader(&mut world(None), "server-1", None).map(drop),
            ),
            ("resign", resign(&mut world(Some("server-2")), "server-2")),
        ];
        for (name, said) in told {
            if said.is_ok() {
                let advice = "No read was answered, so the leader is unknown. That is not the same as no key.";
                let answer = format!("`{name}` returns Ok");
                case.differ(format!("`{name}` returns Err(NoAnswer)"), answer, advice);
            }
        }
    });
}

/// server-2 resigns as soon as the first write of the answer was refused.
struct Resigning(Store);

impl KvStore for Resigning {
    fn get(&mut self) -> Result<Option<Entry>, NoAnswer> {
        if self.0.key.leader() == "server-2" {
            self.0.key.ask("DELETE", KEY, "");
        }
        self.0.get()
    }

    fn put(&mut self, name: &str, cas: Option<u64>) -> Result<bool, NoAnswer> {
        self.0.put(name, cas)
    }

    fn delete(&mut self, cas: Option<u64>) -> Result<bool, NoAnswer> {
        self.0.delete(cas)
    }
}
