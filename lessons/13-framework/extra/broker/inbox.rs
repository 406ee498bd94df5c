//! The queue in front of a subscriber. A delivery is over when the message is in it, so that no
//! publisher waits for a handler.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Subscription, id};
use crate::extra::lock;

/// The counts of the messages that reached a subscriber. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// It has heard these to the end.
    pub heard: u64,
    /// These found its queue full.
    pub dropped: u64,
    /// These could not be read, or made it panic.
    pub failed: u64,
}

/// The queues of all subscribers of a service.
pub(crate) struct Inboxes {
    by_id: HashMap<String, Inbox>,
    listeners: Mutex<JoinSet<()>>,
}

struct Inbox {
    topic: String,
    /// `None` when it takes no more.
    queue: Mutex<Option<mpsc::Sender<Bytes>>>,
    heard: Arc<Mutex<Heard>>,
}

/// Opens the queues of a service. Has to be called within a tokio runtime.
pub(crate) fn open(subscriptions: &[Subscription], of: &str) -> Arc<Inboxes> {
    let mut listeners = JoinSet::new();
    let mut by_id = HashMap::new();
    for (place, subscription) in subscriptions.iter().enumerate() {
        let (queue, messages) = mpsc::channel(subscription.room);
        listeners.spawn(listen(subscription.clone(), messages));
        let inbox = Inbox {
            topic: subscription.topic.clone(),
            queue: Mutex::new(Some(queue)),
            heard: Arc::clone(&subscription.heard),
        };
        by_id.insert(id(of, place), inbox);
    }
    Arc::new(Inboxes {
        by_id,
        listeners: Mutex::new(listeners),
    })
}

// ANCHOR: listen
/// One message after the other. One that makes the subscriber panic is lost; the next one is not.
async fn listen(subscription: Subscription, mut messages: mpsc::Receiver<Bytes>) {
    while let Some(message) = messages.recv().await {
        let mut hearing = JoinSet::new();
        let read = (subscription.deliver_to)(message).map(|future| hearing.spawn(future));
        let ended = hearing.join_next().await;
        let mut heard = lock(&subscription.heard);
        match (read, ended) {
            (Ok(_), Some(Ok(()))) => heard.heard += 1,
            _ => heard.failed += 1,
        }
    }
}
// ANCHOR_END: listen

impl Inboxes {
    // ANCHOR: put
    /// Puts a message into the queue of a subscriber: whether there was room. `None` if there is no such
    /// subscriber.
    pub(crate) fn put(&self, topic: &str, subscriber: &str, message: Bytes) -> Option<bool> {
        let inbox = self.by_id.get(subscriber)?;
        if inbox.topic != topic {
            return None;
        }
        let queue = lock(&inbox.queue);
        let taken = (queue.as_ref()).is_some_and(|queue| queue.try_send(message).is_ok());
        if !taken {
            lock(&inbox.heard).dropped += 1;
        }
        Some(taken)
    }
    // ANCHOR_END: put

    /// Takes no more, and returns when all that was taken is heard: whether that was before `limit`.
    pub(crate) async fn finish(&self, limit: Duration) -> bool {
        for inbox in self.by_id.values() {
            lock(&inbox.queue).take();
        }
        let mut listeners = std::mem::take(&mut *lock(&self.listeners));
        let done = async { while listeners.join_next().await.is_some() {} };
        timeout(limit, done).await.is_ok()
    }
}
