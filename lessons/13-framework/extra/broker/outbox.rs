//! The queue in front of the connection to one subscriber: a publisher puts a message in and goes on. A
//! subscriber that is dead, or stopped in the middle of a word, holds up this queue and no other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::DELIVER;
use super::pb::{DeliverRequest, DeliverResponse};
use crate::extra::lock;
use crate::registry::Instance;
use crate::transport::{Connection, Method, Transport};

/// The counts of the messages for a subscriber, as the publisher knows them. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// All that were published for it.
    pub sent: u64,
    /// In its queue, or heard already.
    pub taken: u64,
    /// It had no room.
    pub refused: u64,
    /// Too many for it waited here already.
    pub dropped: u64,
    /// Sent, and no reply came. It may have been handled all the same.
    pub lost: u64,
}

impl Brought {
    /// Still on their way.
    pub fn waiting(&self) -> u64 {
        self.sent - (self.taken + self.refused + self.dropped + self.lost)
    }
}

/// The queue and the numbers of one subscriber. Dropped, it brings what is in it, and takes no more.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Bytes>,
    brought: Arc<Mutex<Brought>>,
}

impl Outbox {
    /// The way to this instance of a topic. Has to be called within a tokio runtime.
    pub fn open(topic: &str, to: &Instance, room: usize, timeout: Duration) -> Self {
        let (queue, messages) = mpsc::channel(room);
        let brought = Arc::default();
        let way = Way {
            topic: topic.to_string(),
            to: to.clone(),
            timeout,
            connection: None,
        };
        tokio::spawn(way.bring_all(messages, Arc::clone(&brought)));
        Outbox { queue, brought }
    }

    /// Returns whether there is room for one more.
    pub fn has_room(&self) -> bool {
        self.queue.capacity() > 0
    }

    /// Puts a message in, or drops it: whether there was room.
    pub fn put(&self, message: Bytes) -> bool {
        let mut brought = lock(&self.brought);
        let there_was_room = self.queue.try_send(message).is_ok();
        brought.sent += 1;
        brought.dropped += u64::from(!there_was_room);
        there_was_room
    }

    /// The numbers at this moment.
    pub fn brought(&self) -> Brought {
        *lock(&self.brought)
    }
}

struct Way {
    topic: String,
    to: Instance,
    timeout: Duration,
    connection: Option<Connection>,
}

impl Way {
    // ANCHOR: bring
    /// One message after the other, each once. What fails is counted, and is not tried again: it may have
    /// been heard.
    async fn bring_all(
        mut self,
        mut messages: mpsc::Receiver<Bytes>,
        brought: Arc<Mutex<Brought>>,
    ) {
        while let Some(message) = messages.recv().await {
            let outcome = self.bring(message).await;
            let mut brought = lock(&brought);
            match outcome {
                Ok(true) => brought.taken += 1,
                Ok(false) => brought.refused += 1,
                Err(status) => {
                    // The next message finds out whether another connection is better.
                    if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
                        self.connection = None;
                    }
                    brought.lost += 1;
                }
            }
        }
    }
    // ANCHOR_END: bring

    async fn bring(&mut self, message: Bytes) -> Result<bool, Status> {
        let until = Instant::now() + self.timeout;
        let connection = match self.connection.clone() {
            Some(connection) => connection,
            None => {
                let kind = self.to.metadata.get(Transport::KEY);
                let kind = kind.map_or(Ok(Transport::default()), |kind| kind.parse());
                let kind = kind.map_err(Status::failed_precondition)?;
                let connection = Connection::dial(kind, self.to.addr, until).await?;
                self.connection.insert(connection).clone()
            }
        };
        let request = DeliverRequest {
            topic: self.topic.clone(),
            subscriber: self.to.id.clone(),
            message: message.into(),
        };
        let method: Method = DELIVER.parse()?;
        let reply = connection
            .unary(&method, request.encode_to_vec(), until)
            .await?;
        let reply = DeliverResponse::decode(reply)
            .map_err(|error| Status::internal(format!("the reply cannot be read: {error}")))?;
        Ok(reply.taken)
    }
}
