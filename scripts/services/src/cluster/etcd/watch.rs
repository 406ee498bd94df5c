//! Looks at the three again and again and tells what has changed, with the time.

use std::io;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Result;
use services::testkit::etcd::{Etcd, Member};

use super::super::{Clock, Lab as _, Write, ended};
use super::NAMES;
use crate::http;

/// What has changed between two looks. The numbers are places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The process of this one has ended.
    Ended(usize, ExitStatus),
    /// Two of the three name this leader; `None`: no two name the same.
    Leads(Option<usize>),
    /// This one answers, and knows who leads.
    Answers(usize),
    /// So does this one, which was away.
    Back(usize),
    /// This one runs and gives no answer.
    Silent(usize),
}

/// What an etcd believes at one moment.
#[derive(Debug, Clone, Copy)]
struct Belief {
    /// Its own number.
    id: u64,
    /// That of the leader; 0: there is none.
    leader: u64,
}

/// The three, and what was last said about them.
pub struct Lab {
    /// In the order of their ports.
    pub etcds: [Etcd; 3],
    /// Who leads, by the last event.
    pub leader: Option<usize>,
    beliefs: [Option<Belief>; 3],
    /// Numbers never change; a number that is known says who it is while its owner is away.
    ids: [Option<u64>; 3],
    seen: [Seen; 3],
    clock: Clock,
}

/// What was last said about one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It has not answered yet.
    New,
    Answering,
    /// It has given no answer so many times.
    Silent(u32),
    Away,
}

/// One look without an answer says nothing: its process may just be ending.
const SILENT: u32 = 3;

impl Lab {
    /// Three that do not run yet. The clock of the narration begins now.
    pub fn new(members: &[Member; 3]) -> Result<Self> {
        let etcd = |place| Etcd::of(members, place);
        Ok(Self {
            etcds: [etcd(0)?, etcd(1)?, etcd(2)?],
            leader: None,
            beliefs: [None; 3],
            ids: [None; 3],
            seen: [Seen::New; 3],
            clock: Clock::new(),
        })
    }

    async fn changes(&mut self) -> Vec<Event> {
        let ask = async |etcd: &Etcd| match etcd.runs() {
            true => belief(etcd.addr()).await,
            false => None,
        };
        let [one, two, three] = &self.etcds;
        let (one, two, three) = tokio::join!(ask(one), ask(two), ask(three));
        self.beliefs = [one, two, three];
        let mut events = Vec::new();
        for (place, etcd) in self.etcds.iter_mut().enumerate() {
            if let Some(status) = etcd.has_ended() {
                self.seen[place] = Seen::Away;
                events.push(Event::Ended(place, status));
            }
        }
        for (id, belief) in self.ids.iter_mut().zip(&self.beliefs) {
            *id = belief.map(|belief| belief.id).or(*id);
        }

        let leader = self.named_by_two();
        if leader != self.leader {
            self.leader = leader;
            events.push(Event::Leads(leader));
        }
        for (place, seen) in self.seen.iter_mut().enumerate() {
            let belief = self.beliefs[place];
            // Without a leader it is not worth a line: that there is no leader is told already.
            let answers = belief.is_some_and(|belief| belief.leader != 0);
            *seen = match *seen {
                Seen::New if answers => {
                    events.push(Event::Answers(place));
                    Seen::Answering
                }
                Seen::Away if answers => {
                    events.push(Event::Back(place));
                    Seen::Answering
                }
                Seen::Silent(_) if belief.is_some() => Seen::Answering,
                Seen::Silent(SILENT) => {
                    events.push(Event::Silent(place));
                    Seen::Away
                }
                Seen::Silent(times) => Seen::Silent(times + 1),
                Seen::Answering if belief.is_none() => Seen::Silent(1),
                same => same,
            };
        }
        events
    }

    /// The leader that at least two of the three name: one that was cut off, and believes in the one
    /// of before, does not matter.
    fn named_by_two(&self) -> Option<usize> {
        let named = |id: &u64| {
            let beliefs = self.beliefs.iter().flatten();
            beliefs.filter(|belief| belief.leader == *id).count() >= 2
        };
        let place = |id: &Option<u64>| id.as_ref().is_some_and(named);
        self.ids.iter().position(place)
    }

    fn tell(&self, event: Event) {
        let text = match event {
            Event::Ended(place, status) => ended(NAMES[place], status),
            Event::Leads(Some(place)) => format!("{} leads", NAMES[place]),
            Event::Leads(None) => "no leader: nothing can be read or written".to_owned(),
            Event::Answers(place) => format!("{} answers", NAMES[place]),
            Event::Back(place) => format!("{} is back", NAMES[place]),
            Event::Silent(place) => format!("{} runs and does not answer", NAMES[place]),
        };
        self.say(&text);
    }
}

impl super::super::Lab for Lab {
    const NAMES: [&'static str; 3] = NAMES;
    const WHAT: &'static str = "etcd";
    const ONE: &'static str = "one";
    const BACK: &'static str = "back";
    const WRITE: Write = Write {
        method: "POST",
        path: "/v3/kv/put",
        // `workbook` and `x`: keys and values are bytes, so JSON has them in base64.
        body: r#"{"key":"d29ya2Jvb2s=","value":"eA=="}"#,
        // What was under way to a leader that has died is not answered before etcd's own limit of seven
        // seconds. A request that is repeated is served as soon as there is a new leader.
        patience: Duration::from_millis(500),
    };

    async fn look(&mut self) {
        for event in self.changes().await {
            self.tell(event);
        }
    }

    fn is_whole(&self) -> bool {
        let Some(leader) = self.leader.and_then(|place| self.ids[place]) else {
            return false;
        };
        let agrees = |belief: &Option<Belief>| belief.is_some_and(|belief| belief.leader == leader);
        self.beliefs.iter().all(agrees)
    }

    fn leader(&self) -> Option<usize> {
        self.leader
    }

    fn is_without_leader(&self) -> bool {
        let mut beliefs = self.beliefs.iter().flatten();
        beliefs.any(|belief| belief.leader == 0)
    }

    fn lists_as_failed(&self, _place: usize) -> Option<bool> {
        None
    }

    fn timing(&self) -> String {
        "election timeout 1 s, etcd's own".to_owned()
    }

    fn addr(&self, place: usize) -> SocketAddr {
        self.etcds[place].addr()
    }

    fn pid(&self, place: usize) -> u32 {
        self.etcds[place].id()
    }

    fn kill(&mut self, place: usize) {
        self.etcds[place].kill();
    }

    fn runs(&self, place: usize) -> bool {
        self.etcds[place].runs()
    }

    fn start(&mut self, place: usize) -> io::Result<u32> {
        self.etcds[place].run()?;
        Ok(self.etcds[place].id())
    }

    fn last_words(&self, place: usize) -> String {
        self.etcds[place].last_words()
    }

    fn say(&self, what: &str) {
        self.clock.say(what);
    }
}

/// Asks the etcd at `addr`; `None` if it gives no answer. By its JSON API: a gRPC client would be
/// forty more crates for this program.
async fn belief(addr: SocketAddr) -> Option<Belief> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let answer = http::ask(addr, "POST", "/v3/maintenance/status", "{}", PATIENCE).await;
    let answer = http::json(&answer.ok()?)?;
    // 64-bit numbers are texts in JSON, and one that is 0 is left out.
    let number = |value: &serde_json::Value| value.as_str()?.parse().ok();
    Some(Belief {
        id: number(&answer["header"]["member_id"])?,
        leader: number(&answer["leader"]).unwrap_or(0),
    })
}
