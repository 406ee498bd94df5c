//! Looks at the three servers again and again and tells what has changed, with the time.

use std::io;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use super::super::{Clock, Lab as _, Write, ended};
use super::node::{Belief, Member, NAMES, Node, Wiring, belief};

/// What has changed between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The process of this server has ended.
    Ended(usize, ExitStatus),
    /// Two of the three name this leader; `None`: no two name the same.
    Leads(Option<usize>),
    /// All others that run see this server so.
    Seen(usize, Member),
}

/// The three, and what was last said about them.
pub struct Lab {
    /// How they talk.
    pub wiring: Wiring,
    /// In the order of their addresses.
    pub nodes: [Node; 3],
    /// What each believed at the last look.
    beliefs: [Option<Belief>; 3],
    /// Who leads, by the last event.
    pub leader: Option<usize>,
    seen: [Option<Member>; 3],
    clock: Clock,
}

impl Lab {
    /// Three servers that do not run yet. The clock of the narration begins now.
    pub fn new(wiring: Wiring, nodes: [Node; 3]) -> Self {
        Self {
            wiring,
            nodes,
            beliefs: Default::default(),
            leader: None,
            seen: [None; 3],
            clock: Clock::new(),
        }
    }

    async fn changes(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (place, node) in self.nodes.iter_mut().enumerate() {
            if let Some(status) = node.has_ended() {
                events.push(Event::Ended(place, status));
            }
        }
        let ports = self.wiring.ports;
        let ask = async |node: &Node| match node.runs() {
            true => belief(node.http(ports), ports).await,
            false => None,
        };
        let [one, two, three] = &self.nodes;
        let (one, two, three) = tokio::join!(ask(one), ask(two), ask(three));
        self.beliefs = [one, two, three];

        let leader = self.named_by_two();
        if leader != self.leader {
            self.leader = leader;
            events.push(Event::Leads(leader));
        }
        for place in 0..NAMES.len() {
            let seen = self.seen_alike(place);
            if seen.is_some() && seen != self.seen[place] {
                self.seen[place] = seen;
                events.extend(seen.map(|how| Event::Seen(place, how)));
            }
        }
        events
    }

    /// The leader that at least two of the three name: one that has just been started, or has just
    /// lost sight of the others, does not matter.
    fn named_by_two(&self) -> Option<usize> {
        let beliefs = self.beliefs.iter().flatten();
        let named: Vec<usize> = beliefs.filter_map(|belief| belief.leader).collect();
        (0..NAMES.len()).find(|known| named.iter().filter(|place| *place == known).count() >= 2)
    }

    /// How all others that answer see the server at `place`, if they see it alike.
    fn seen_alike(&self, place: usize) -> Option<Member> {
        let others = self.beliefs.iter().enumerate();
        let mut said = others
            .filter(|(other, _)| *other != place)
            .filter_map(|(_, belief)| belief.as_ref().map(|belief| belief.members[place]));
        let first = said.next()??;
        said.all(|other| other == Some(first)).then_some(first)
    }

    fn tell(&self, event: Event) {
        let text = match event {
            Event::Ended(place, status) => ended(NAMES[place], status),
            Event::Leads(Some(place)) => format!("{} leads", NAMES[place]),
            Event::Leads(None) => "there is no leader".to_owned(),
            Event::Seen(place, how) => {
                let name = NAMES[place];
                match how {
                    Member::Alive => format!("{name} is alive, say the others"),
                    Member::Leaving => format!("{name} is about to leave"),
                    Member::Left => format!("{name} has left"),
                    Member::Failed => format!("{name} has failed, say the others"),
                }
            }
        };
        self.say(&text);
    }
}

impl super::super::Lab for Lab {
    const NAMES: [&'static str; 3] = NAMES;
    const WHAT: &'static str = "server";
    const ONE: &'static str = "a server";
    const BACK: &'static str = "alive again";
    const WRITE: Write = Write {
        method: "PUT",
        path: "/v1/kv/workbook",
        body: "x",
        patience: Duration::from_secs(10),
    };

    async fn look(&mut self) {
        for event in self.changes().await {
            self.tell(event);
        }
    }

    fn is_whole(&self) -> bool {
        let whole = |belief: &Option<Belief>| {
            let members = belief.as_ref().map(|belief| belief.members);
            members == Some([Some(Member::Alive); 3])
        };
        self.leader.is_some() && self.beliefs.iter().all(whole)
    }

    fn leader(&self) -> Option<usize> {
        self.leader
    }

    fn is_without_leader(&self) -> bool {
        let mut beliefs = self.beliefs.iter().flatten();
        beliefs.any(|belief| belief.leader.is_none())
    }

    fn lists_as_failed(&self, place: usize) -> Option<bool> {
        let mut beliefs = self.beliefs.iter().flatten();
        Some(beliefs.all(|belief| belief.members[place] == Some(Member::Failed)))
    }

    fn timing(&self) -> String {
        format!("raft_multiplier {}", self.wiring.raft_multiplier)
    }

    fn addr(&self, place: usize) -> SocketAddr {
        self.nodes[place].http(self.wiring.ports)
    }

    fn pid(&self, place: usize) -> u32 {
        self.nodes[place].pid
    }

    fn kill(&mut self, place: usize) {
        self.nodes[place].kill();
    }

    fn runs(&self, place: usize) -> bool {
        self.nodes[place].runs()
    }

    fn start(&mut self, place: usize) -> io::Result<u32> {
        self.nodes[place].start(&self.wiring)?;
        Ok(self.nodes[place].pid)
    }

    fn last_words(&self, place: usize) -> String {
        self.nodes[place].last_words()
    }

    fn say(&self, what: &str) {
        self.clock.say(what);
    }
}
