//! Reads the instances out of the state of all gossip nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use chitchat::{Chitchat, ChitchatId, Heartbeat, NodeState};
use tokio::time::Instant;

use super::value;
use crate::registries::bounds::INSTANCES;
use crate::registries::table::{Full, Table};
use crate::registry::Instance;

/// Participants, the dead that are remembered among them: so many fit into one datagram.
const NODES: usize = 500;
/// Values of all of them, those that were taken back among them.
const VALUES: usize = 2 * INSTANCES;
/// Bytes of all keys and values.
const BYTES: usize = 64 << 20;

/// How long it takes until one who has forgotten everything has heard it again.
const AGAIN: Duration = Duration::from_secs(2);

/// The counts of instances that were received and not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Values that were no instance.
    pub malformed: u64,
    /// What was wrong with the last one of them.
    pub why: Option<String>,
    /// Instances for which there was no room.
    pub too_many: u64,
    /// How often everything was forgotten and begun anew, because it was too much or beyond belief.
    pub restarts: u64,
}

/// There is more than a participant should hold.
#[derive(Debug)]
pub struct TooMuch;

/// What is known of one participant.
#[derive(Debug)]
struct Node {
    heartbeat: Heartbeat,
    /// When it was last heard to live. The first word of it says nothing: it may be of one long dead.
    heard: Option<Instant>,
    version: u64,
    said: Vec<(Instance, Duration)>,
    values: usize,
    bytes: usize,
}

/// The instances of all nodes, as far as this node knows them.
#[derive(Debug, Default)]
pub struct Hearsay {
    nodes: BTreeMap<ChitchatId, Node>,
    /// What was taken over, and what was not.
    pub ignored: Ignored,
    /// Until then silence means nothing: everything was forgotten a moment ago.
    deaf: Option<Instant>,
}

impl Hearsay {
    /// Takes over what has changed, and tells the table: what is not said any more is gone, and so is what
    /// was said by one who has not been heard for its time to live.
    pub fn update(&mut self, chitchat: &Chitchat, table: &mut Table) -> Result<(), TooMuch> {
        let now = Instant::now();
        let states = chitchat.node_states();
        if states.len() > NODES {
            return Err(TooMuch);
        }
        self.nodes.retain(|id, _| states.contains_key(id));
        for (id, state) in states {
            let own = id == chitchat.self_chitchat_id();
            let node = self.nodes.entry(id.clone()).or_insert_with(|| Node {
                heartbeat: state.heartbeat(),
                heard: None,
                version: 0,
                said: Vec::new(),
                values: 0,
                bytes: 0,
            });
            if own || state.heartbeat() != node.heartbeat {
                node.heartbeat = state.heartbeat();
                node.heard = Some(now);
            }
            if state.max_version() != node.version {
                node.version = state.max_version();
                node.take(state, &mut self.ignored);
            }
        }
        let sum = |part: fn(&Node) -> usize| self.nodes.values().map(part).sum::<usize>();
        if sum(|node| node.values) > VALUES || sum(|node| node.bytes) > BYTES {
            return Err(TooMuch);
        }

        let mut there: BTreeMap<&str, (u64, &Instance, Instant)> = BTreeMap::new();
        for (id, node) in &self.nodes {
            let Some(heard) = node.heard else { continue };
            for (instance, ttl) in &node.said {
                let until = heard + *ttl;
                // Two that say something of one id: one of them has ended and was started again.
                let newer = (there.get(instance.id.as_str()))
                    .is_none_or(|(generation, ..)| *generation < id.generation_id);
                if until > now && newer {
                    there.insert(&instance.id, (id.generation_id, instance, until));
                }
            }
        }
        if self.deaf.is_some_and(|until| now < until) {
            table.expire(now);
        } else {
            let gone = table.ids().filter(|id| !there.contains_key(id));
            let gone: Vec<_> = gone.map(str::to_owned).collect();
            for id in gone {
                table.remove(&id);
            }
        }
        for (_, instance, until) in there.into_values() {
            // Counted in the table.
            if let Err(Full) = table.put(instance.clone(), Some(until)) {
                continue;
            }
        }
        self.ignored.too_many = table.left_out();
        Ok(())
    }

    /// Forgets who has said what. What is in the table stays there until its time is over, or until all
    /// have had time to say it again.
    pub fn forget(&mut self) {
        self.nodes.clear();
        self.deaf = Some(Instant::now() + AGAIN);
        self.ignored.restarts += 1;
    }
}

impl Node {
    fn take(&mut self, state: &NodeState, ignored: &mut Ignored) {
        self.said.clear();
        (self.values, self.bytes) = (0, 0);
        for (id, held) in state.key_values_including_deleted() {
            self.values += 1;
            self.bytes += id.len() + held.value.len();
            if held.is_deleted() {
                continue;
            }
            match value::read(id, &held.value) {
                Ok(said) => self.said.push(said),
                Err(why) => {
                    ignored.malformed += 1;
                    ignored.why = Some(why);
                }
            }
        }
    }
}
