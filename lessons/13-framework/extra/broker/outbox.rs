//! The queue in front of the connection to one subscriber: a publisher puts a message in and goes on. A
//! subscriber that is dead, or stopped in the middle of a word, holds up this queue and no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::DELIVER;
use super::pb::{DeliverRequest, DeliverResponse};
use crate::registry::Instance;
use crate::transport::{Connection, Method, Transport};

/// What has become of the messages for a subscriber, as the publisher knows it. It counts up, and never
/// down; what is in none of the numbers is still on its way.
#[derive(Debug, Default)]
pub struct Brought {
    sent: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    lost: AtomicU64,
}

impl Brought {
    /// All that were published for it.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// In its queue, or heard already.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// It had no room.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    /// Too many for it waited here already.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Sent, and no reply came. It may have been handled all the same.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }

    /// Still on their way.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let over = self.taken() + self.refused() + self.dropped() + self.lost();
        self.sent().saturating_sub(over)
    }
}

/// The queue and the numbers of one subscriber. Dropped, it brings what is in it, and takes no more.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Bytes>,
    pub brought: Arc<Brought>,
}

impl Outbox {
    /// The way to this instance of a topic. Has to be called within a tokio runtime.
    pub fn open(topic: &str, to: &Instance, room: usize, timeout: Duration) -> Self {
        let (queue, messages) = mpsc::channel(room);
        let brought = Arc::new(Brought::default());
        let way = Way {
            topic: topic.to_string(),
            to: to.clone(),
            timeout,
            line: None,
        };
        tokio::spawn(way.bring_all(messages, Arc::clone(&brought)));
        Outbox { queue, brought }
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        self.queue.capacity() > 0
    }

    /// Puts a message in, or drops it: whether there was room.
    pub fn put(&self, message: Bytes) -> bool {
        self.brought.sent.fetch_add(1, Ordering::SeqCst);
        let there_was_room = self.queue.try_send(message).is_ok();
        if !there_was_room {
            self.brought.dropped.fetch_add(1, Ordering::SeqCst);
        }
        there_was_room
    }
}

struct Way {
    topic: String,
    to: Instance,
    timeout: Duration,
    line: Option<Connection>,
}

impl Way {
    // ANCHOR: bring
    /// One message after the other, each once. What fails is counted, and is not tried again: it may have
    /// been heard.
    async fn bring_all(mut self, mut messages: mpsc::Receiver<Bytes>, brought: Arc<Brought>) {
        while let Some(message) = messages.recv().await {
            let outcome = match self.bring(message).await {
                Ok(true) => &brought.taken,
                Ok(false) => &brought.refused,
                Err(status) => {
                    // The next message finds out whether another line is better.
                    if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
                        self.line = None;
                    }
                    &brought.lost
                }
            };
            outcome.fetch_add(1, Ordering::SeqCst);
        }
    }
    // ANCHOR_END: bring

    async fn bring(&mut self, message: Bytes) -> Result<bool, Status> {
        let until = Instant::now() + self.timeout;
        let line = match self.line.clone() {
            Some(line) => line,
            None => {
                let kind = self.to.metadata.get(Transport::KEY);
                let kind = kind.map_or(Ok(Transport::default()), |kind| kind.parse());
                let kind = kind.map_err(Status::failed_precondition)?;
                let line = Connection::dial(kind, self.to.addr, until).await?;
                self.line.insert(line).clone()
            }
        };
        let request = DeliverRequest {
            topic: self.topic.clone(),
            subscriber: self.to.id.clone(),
            message: message.into(),
        };
        let method: Method = DELIVER.parse()?;
        let reply = line.unary(&method, request.encode_to_vec(), until).await?;
        let reply = DeliverResponse::decode(reply)
            .map_err(|error| Status::internal(format!("the reply cannot be read: {error}")))?;
        Ok(reply.taken)
    }
}
