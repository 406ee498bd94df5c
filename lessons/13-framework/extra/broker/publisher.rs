//! The publisher. It looks a topic up once and watches it from then on; publishing itself never
//! waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::time::{Instant, sleep};

use super::outbox::{Brought, Outbox};
use super::{MESSAGE, QUEUE, registered_as};
use crate::extra::lock;
use crate::registry::{self, Instance, Registry};
use crate::service_view::ServiceView;

/// The settings of a publisher.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// So many messages may be on their way to one subscriber. One more is dropped, for this one alone.
    pub room: usize,
    /// The time for bringing one of them.
    pub timeout: Duration,
    /// The time for the first look at a topic.
    pub look: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            room: 64,
            timeout: Duration::from_secs(1),
            look: Duration::from_secs(3),
        }
    }
}

/// Why a message was not published. What happens later, on the way, is counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is longer than [`MESSAGE`].
    #[error("a message of {0} bytes, and {MESSAGE} are allowed")]
    TooLong(usize),
    /// The registry has never said who hears this topic.
    #[error("the subscribers of this topic are unknown: {0}")]
    Registry(registry::Error),
}

/// A message that was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// On its way to so many: each subscriber of its own, and one of each group. It may be none; that is
    /// no error, since a publisher does not know who hears it.
    pub to: usize,
    /// And not to so many, who have too many on the way already.
    pub dropped: usize,
}

/// Publishes on topics. A clone is the same publisher.
#[derive(Clone, Debug)]
pub struct Publisher {
    registry: Arc<dyn Registry>,
    settings: Settings,
    topics: Arc<Mutex<HashMap<String, Topic>>>,
}

#[derive(Debug)]
struct Topic {
    known: ServiceView,
    outboxes: BTreeMap<String, Outbox>,
    /// Whose turn it is in the groups.
    turn: usize,
}

impl Publisher {
    /// Publishes to those in this registry.
    pub fn new(registry: Arc<dyn Registry>, settings: Settings) -> Self {
        Publisher {
            registry,
            settings,
            topics: Arc::default(),
        }
    }

    // ANCHOR: publish
    /// Sends a message to all instances that are subscribed at this moment. It waits for the registry's first
    /// answer about a topic, and for no subscriber.
    pub async fn publish(&self, topic: &str, message: &impl Message) -> Result<Sent, Error> {
        if message.encoded_len() > MESSAGE {
            return Err(Error::TooLong(message.encoded_len()));
        }
        let message = Bytes::from(message.encode_to_vec());
        let instances = self.subscribers(topic).await?;
        let mut topics = lock(&self.topics);
        let there = (topics.entry(topic.to_string())).or_insert_with(|| self.begin(topic));
        there.meet(topic, &instances, self.settings);
        let mut sent = Sent { to: 0, dropped: 0 };
        for outbox in there.chosen(&instances) {
            match outbox.put(message.clone()) {
                true => sent.to += 1,
                false => sent.dropped += 1,
            }
        }
        Ok(sent)
    }
    // ANCHOR_END: publish

    /// Returns the subscribers of a topic at this moment.
    pub async fn subscribers(&self, topic: &str) -> Result<Vec<Instance>, Error> {
        let until = Instant::now() + self.settings.look;
        let known = self.view(topic);
        known.healthy(until).await.map_err(Error::Registry)
    }

    /// Returns the counts of the messages for the subscribers of a topic, by the id of the
    /// subscriber.
    pub fn brought(&self, topic: &str) -> BTreeMap<String, Brought> {
        let topics = lock(&self.topics);
        let outboxes = topics.get(topic).map(|topic| topic.outboxes.iter());
        let brought = |(id, outbox): (&String, &Outbox)| (id.clone(), outbox.brought());
        outboxes.into_iter().flatten().map(brought).collect()
    }

    /// Waits until nothing is on its way any more: whether that was before `limit`. For a program that
    /// publishes and ends.
    pub async fn flush(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let waiting = {
                let topics = lock(&self.topics);
                let mut outboxes = topics.values().flat_map(|topic| topic.outboxes.values());
                outboxes.any(|outbox| outbox.brought().waiting() > 0)
            };
            if !waiting || Instant::now() >= until {
                return !waiting;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    fn view(&self, topic: &str) -> ServiceView {
        let mut topics = lock(&self.topics);
        let there = (topics.entry(topic.to_string())).or_insert_with(|| self.begin(topic));
        there.known.clone()
    }

    fn begin(&self, topic: &str) -> Topic {
        Topic {
            known: ServiceView::new(Arc::clone(&self.registry), registered_as(topic)),
            outboxes: BTreeMap::new(),
            turn: 0,
        }
    }
}

impl Topic {
    /// Opens a connection to each new subscriber, and closes those to subscribers that are gone.
    fn meet(&mut self, topic: &str, instances: &[Instance], settings: Settings) {
        let there = |id: &String| instances.iter().any(|instance| instance.id == *id);
        self.outboxes.retain(|id, _| there(id));
        for to in instances {
            let open = || Outbox::open(topic, to, settings.room, settings.timeout);
            self.outboxes.entry(to.id.clone()).or_insert_with(open);
        }
    }

    // ANCHOR: chosen
    /// All subscribers without a group, and one of each group: in turn, but rather one that has room.
    fn chosen(&mut self, instances: &[Instance]) -> Vec<&Outbox> {
        self.turn = self.turn.wrapping_add(1);
        let mut groups: BTreeMap<&str, Vec<&Outbox>> = BTreeMap::new();
        let mut chosen = Vec::new();
        for instance in instances {
            let Some(outbox) = self.outboxes.get(&instance.id) else {
                continue;
            };
            match instance.metadata.get(QUEUE) {
                None => chosen.push(outbox),
                Some(queue) => groups.entry(queue).or_default().push(outbox),
            }
        }
        for mut group in groups.into_values() {
            let first = self.turn % group.len();
            group.rotate_left(first);
            let free = group.iter().position(|outbox| outbox.has_room());
            chosen.push(group[free.unwrap_or(0)]);
        }
        chosen
    }
    // ANCHOR_END: chosen
}
