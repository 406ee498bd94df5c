//! The check of `kv-cas`. The key lies in a real agent. Between a look of the learner's code and its
//! next write somebody else may do something; that is arranged here, so it happens each time.

mod exercise;

use std::collections::VecDeque;

use exercise::{Office, Seen, Silence, campaign, follow, resign};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::{self, Answer};
use testkit::{Case, case};
use tokio::runtime::Runtime;

const KEY: &str = "/v1/kv/office";
/// A right answer needs a few calls.
const MOST: usize = 50;

/// What others do right before the learner's next write.
type Others = fn(&Key);

/// The key in its agent, as everybody sees it.
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
        // A key is written now and then before: no index begins at 1.
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

    fn seen(&self) -> Option<Seen> {
        let value = self.ask("GET", &format!("{KEY}?raw"), "");
        if value.status == 404 {
            return None;
        }
        let pair = self.ask("GET", KEY, "").json();
        Some(Seen {
            value: value.body,
            index: pair[0]["ModifyIndex"].as_u64().expect("an index"),
        })
    }

    fn leader(&self) -> String {
        self.seen().map_or("nobody".to_string(), |seen| seen.value)
    }
}

/// The key, as the learner's code has it.
struct Desk {
    key: Key,
    others: VecDeque<Others>,
    /// The answer to the next write gets lost.
    lose: bool,
    /// The next write does not arrive.
    drop_next: bool,
    /// No look gets an answer.
    unanswered: bool,
    calls: usize,
    /// Looks before the first write.
    looks: usize,
    /// Whether the first write carried an index; `None` before it.
    with_index: Option<bool>,
}

impl Desk {
    fn new(leader: Option<&str>, others: &[Others]) -> Desk {
        Desk {
            key: Key::new(leader),
            others: others.iter().copied().collect(),
            lose: false,
            drop_next: false,
            unanswered: false,
            calls: 0,
            looks: 0,
            with_index: None,
        }
    }

    fn change(&mut self, method: &str, body: &str, cas: Option<u64>) -> Result<bool, Silence> {
        self.called();
        self.with_index.get_or_insert(cas.is_some());
        if let Some(others) = self.others.pop_front() {
            others(&self.key);
        }
        if std::mem::take(&mut self.drop_next) {
            return Err(Silence);
        }
        let query = cas.map_or(String::new(), |index| format!("?cas={index}"));
        let answer = self.key.ask(method, &format!("{KEY}{query}"), body);
        if std::mem::take(&mut self.lose) {
            return Err(Silence);
        }
        Ok(answer.body.trim() == "true")
    }

    fn called(&mut self) {
        self.calls += 1;
        assert!(
            self.calls <= MOST,
            "you have asked {MOST} times, and still do not know who is leader"
        );
    }
}

impl Office for Desk {
    fn look(&mut self) -> Result<Option<Seen>, Silence> {
        self.called();
        self.looks += usize::from(self.with_index.is_none());
        match self.unanswered {
            true => Err(Silence),
            false => Ok(self.key.seen()),
        }
    }

    fn write(&mut self, name: &str, cas: Option<u64>) -> Result<bool, Silence> {
        self.change("PUT", name, cas)
    }

    fn clear(&mut self, cas: Option<u64>) -> Result<bool, Silence> {
        self.change("DELETE", "", cas)
    }
}

/// Who the learner's code says is leader, and who is; both must be `wanted`.
fn expect(case: &Case, desk: &Desk, said: Result<String, Silence>, wanted: &str, advice: &str) {
    let holds = desk.key.leader();
    let said = said.unwrap_or_else(|Silence| "(Silence)".to_string());
    if said != wanted || holds != wanted {
        case.differ(
            format!("`{wanted}`, and `{wanted}` under the key"),
            format!("`{said}`, and `{holds}` under the key"),
            advice,
        );
    }
}

// The belief of this exercise. Between a look and a write there is always a gap.
#[test]
fn a_two_candidates_one_leader() {
    case(
        "Ann looks: nobody. Ben looks as well, and writes. Then Ann writes",
        |case| {
            let ben: Others = |key| {
                assert_eq!(
                    key.ask("PUT", "/v1/kv/office?cas=0", "ben").body.trim(),
                    "true"
                );
            };
            let mut desk = Desk::new(None, &[ben]);
            let said = campaign(&mut desk, "ann");
            let advice = match (desk.with_index, desk.looks) {
                (Some(false), 2..) => {
                    "Two leaders. You looked more than once, and the last look was old as well when your \
                     write came: the write named no index, so it replaced Ben's name. With the index that \
                     you have seen (0: no key) it would have been refused."
                }
                (Some(true), _) => {
                    "The write named the index, so it was refused: Ben's name stands under the key. Its \
                     answer, `false`, says that you were too late. Look again, and return who is leader."
                }
                _ => {
                    "Two leaders: the agent has told Ben that he is the leader, and he acts on it. A \
                     look is old when the write comes. Send the index that you have seen along \
                     (0: no key), and use the answer: `false` means that you were too late."
                }
            };
            expect(case, &desk, said, "ben", advice);
        },
    );
}

// Nobody comes in between.
#[test]
fn b_the_office_is_free() {
    case(
        "Nobody is leader, and Ann is the only one who wants to be",
        |case| {
            let mut desk = Desk::new(None, &[]);
            let said = campaign(&mut desk, "ann");
            expect(
                case,
                &desk,
                said,
                "ann",
                "The office is free: write your name into it.",
            );
        },
    );
}

// Who is leader stays leader.
#[test]
fn c_the_office_is_taken() {
    case("Ben is leader, and Ann wants to be", |case| {
        let mut desk = Desk::new(Some("ben"), &[]);
        let said = campaign(&mut desk, "ann");
        let advice = "Ben is leader and alive. A campaign is for an office that is free.";
        expect(case, &desk, said, "ben", advice);
    });
}

// After the death of a leader.
#[test]
fn d_following_a_dead_leader() {
    case(
        "Ben is leader, and dead. Cleo wants to follow him",
        |case| {
            let mut desk = Desk::new(Some("ben"), &[]);
            let said = follow(&mut desk, "cleo", "ben");
            let advice = "The key is still at the index that you have seen, with the name of the dead: write \
                      with this index. 0 would mean that there must be no key.";
            expect(case, &desk, said, "cleo", advice);
        },
    );
    case(
        "Dora has followed Ben already. Cleo thinks that it is still Ben",
        |case| {
            let mut desk = Desk::new(Some("dora"), &[]);
            let said = follow(&mut desk, "cleo", "ben");
            let advice = "The leader is Dora, and nobody said that she is dead.";
            expect(case, &desk, said, "dora", advice);
        },
    );
}

// Two heirs.
#[test]
fn e_two_heirs() {
    case(
        "Ben is dead. Cleo looks, Dora looks and writes, Cleo writes",
        |case| {
            let dora: Others = |key| {
                let index = key.seen().expect("ben").index;
                let path = format!("/v1/kv/office?cas={index}");
                assert_eq!(key.ask("PUT", &path, "dora").body.trim(), "true");
            };
            let mut desk = Desk::new(Some("ben"), &[dora]);
            let said = follow(&mut desk, "cleo", "ben");
            let advice = "The dead do not object, but Dora is alive: she has seen the same index, and was \
                      first. Only a write that carries the index can lose, and one of two has to.";
            expect(case, &desk, said, "dora", advice);
        },
    );
}

// The office is not mine because it was mine.
#[test]
fn f_leaving_too_late() {
    case(
        "Ann looks: she is leader. Ben takes her for dead and follows. Then Ann clears",
        |case| {
            let ben: Others = |key| {
                key.ask("PUT", KEY, "ben");
            };
            let mut desk = Desk::new(Some("ann"), &[ben]);
            let said = resign(&mut desk, "ann").map(|()| "ben".to_string());
            let advice = "You have cleared Ben's name. It was yours when you looked, and not when you \
                      cleared: a delete needs the index as much as a write does.";
            expect(case, &desk, said, "ben", advice);
        },
    );
    case(
        "Ben is leader, and Ann, who was it long ago, resigns",
        |case| {
            let mut desk = Desk::new(Some("ben"), &[]);
            let said = resign(&mut desk, "ann").map(|()| "ben".to_string());
            expect(
                case,
                &desk,
                said,
                "ben",
                "Not Ann is leader but Ben. There is nothing to leave.",
            );
        },
    );
    case("Ann is leader, and resigns", |case| {
        let mut desk = Desk::new(Some("ann"), &[]);
        let said = resign(&mut desk, "ann").map(|()| "nobody".to_string());
        expect(
            case,
            &desk,
            said,
            "nobody",
            "Nobody came in between. The key has to be gone.",
        );
    });
}

// Lesson 02: a timeout says nothing about what was done.
#[test]
fn g_no_answer() {
    case(
        "Ann's write is done, and the answer to it gets lost",
        |case| {
            let mut desk = Desk::new(None, &[]);
            desk.lose = true;
            let said = campaign(&mut desk, "ann");
            let advice = "The write was done, and Ann does not know that she is the leader: everybody else \
                      waits for her. Silence is no `false`. Look again, and the key tells.";
            expect(case, &desk, said, "ann", advice);
        },
    );
    case(
        "Cleo follows Ben, and the answer to that gets lost",
        |case| {
            let mut desk = Desk::new(Some("ben"), &[]);
            desk.lose = true;
            let said = follow(&mut desk, "cleo", "ben");
            let advice =
                "The write was done. Silence is no `false`: look again, and the key tells.";
            expect(case, &desk, said, "cleo", advice);
        },
    );
}

// Whoever was faster may be gone again.
#[test]
fn h_gone_again() {
    case(
        "Ben is faster than Ann, and has resigned when she looks again",
        |case| {
            // A key that came and went leaves the index 0 as it was; this one is there for the write only.
            let ben: Others = |key| {
                key.ask("PUT", KEY, "ben");
            };
            let mut desk = Resigning(Desk::new(None, &[ben]));
            let said = campaign(&mut desk, "ann");
            let advice = "Your write was refused, and then there was nobody: the office is free again. The \
                      campaign goes on until there is a leader.";
            expect(case, &desk.0, said, "ann", advice);
        },
    );
}

// The key may be gone when somebody follows.
#[test]
fn i_following_nobody() {
    case(
        "Ben is dead, and his key is deleted. Cleo wants to follow him",
        |case| {
            let mut desk = Desk::new(None, &[]);
            let said = follow(&mut desk, "cleo", "ben");
            let advice = "There is no key any more, so nobody is leader. The index of a key that does not exist is 0.";
            expect(case, &desk, said, "cleo", advice);
        },
    );
}

// A write that did not arrive looks like one whose answer is lost.
#[test]
fn j_resigning_without_an_answer() {
    case(
        "Ann is leader, and resigns. Her delete never arrives",
        |case| {
            let mut desk = Desk::new(Some("ann"), &[]);
            desk.drop_next = true;
            let said = resign(&mut desk, "ann");
            let holds = desk.key.leader();
            if said.is_ok() && holds != "nobody" {
                let advice = "No answer came to the delete, and the key still holds Ann's name. That is no success: \
                          return `Silence`, or look again and delete again.";
                let answer = format!("Ok(()), and `{holds}` under the key");
                case.differ("Err(Silence), or Ok(()) and no key", answer, advice);
            }
        },
    );
}

// Without a look nothing is known.
#[test]
fn k_no_answer_to_a_look() {
    case("The agent answers no look at all", |case| {
        let world = || {
            let mut desk = Desk::new(Some("ben"), &[]);
            desk.unanswered = true;
            desk
        };
        let told = [
            ("campaign", campaign(&mut world(), "ann").map(drop)),
            ("follow", follow(&mut world(), "ann", "ben").map(drop)),
            ("resign", resign(&mut world(), "ben")),
        ];
        for (name, said) in told {
            if said.is_ok() {
                let advice = "No look was answered, so who is leader is unknown. That is not the same as no key.";
                let answer = format!("`{name}` returns Ok");
                case.differ(format!("`{name}` returns Err(Silence)"), answer, advice);
            }
        }
    });
}

/// Ben resigns as soon as the first write was refused.
struct Resigning(Desk);

impl Office for Resigning {
    fn look(&mut self) -> Result<Option<Seen>, Silence> {
        if self.0.key.leader() == "ben" {
            self.0.key.ask("DELETE", KEY, "");
        }
        self.0.look()
    }

    fn write(&mut self, name: &str, cas: Option<u64>) -> Result<bool, Silence> {
        self.0.write(name, cas)
    }

    fn clear(&mut self, cas: Option<u64>) -> Result<bool, Silence> {
        self.0.clear(cas)
    }
}
