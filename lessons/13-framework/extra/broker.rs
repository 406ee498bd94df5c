//! Publish and subscribe: a publisher knows a topic, and not its subscribers. There is no broker
//! process. A subscriber registers as an instance of the topic; the publisher looks the topic up, as it
//! would a service, and brings the message to each instance. So it is with go-micro's default broker.
//!
//! **At most once.** Each message is brought to each subscriber once or not at all. Who subscribes later
//! never hears it: nothing is stored. A subscriber that is dead or too slow loses it: that is counted, and it
//! is not sent again. More than that needs a reply (that is a call) or a log that keeps messages
//! (Kafka, NATS JetStream, Redis streams).
//!
//! # Layout
//!
//! * [`Subscriber`] and [`function`]: an object that hears, and a function.
//! * [`Subscription`]: a subscriber on a topic, alone or in a group.
//! * `inbox.rs`: the queue in front of each subscriber. [`Publisher`]: the queue in front of each way
//!   there. Both have a length, so a slow subscriber delays no other.

mod inbox;
mod outbox;
mod publisher;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::{DecodeError, Message};
use tonic::Status;

use crate::extra::lock;
use crate::registry::Instance;
use crate::transport::{DuplicateMethod, Handlers, Method};

pub use inbox::Heard;
pub(crate) use inbox::{Inboxes, open};
pub use outbox::Brought;
pub use publisher::{Error, Publisher, Sent, Settings};

/// What the build made of `proto/broker/v1`.
#[allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto file"
)]
pub mod pb {
    tonic::include_proto!("broker.v1");
    /// The .proto file, for reflection.
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
}

/// The method that a publisher calls.
pub(crate) const DELIVER: &str = "broker.v1.SubscriberService/Deliver";

/// The longest message, in bytes.
pub const MESSAGE: usize = 256 << 10;

/// Under this key the metadata of a subscriber says which group it belongs to.
const QUEUE: &str = "queue";

/// Under this name subscribers of a topic are in the registry.
pub fn registered_as(topic: &str) -> String {
    format!("topic.{topic}")
}

// ANCHOR: subscriber
/// Hears the messages of a topic, one after the other.
pub trait Subscriber: Send + Sync + 'static {
    /// What is published there.
    type Message: Message + Default;

    /// Hears one message. The next one waits, in a queue that has an end.
    fn hear(&self, message: Self::Message) -> impl Future<Output = ()> + Send;
}

/// A subscriber that is a function: `function(|note: Note| async move { ... })`.
pub fn function<M, F>(function: impl Fn(M) -> F + Send + Sync + 'static) -> impl Subscriber
where
    M: Message + Default + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    Function(function, PhantomData)
}
// ANCHOR_END: subscriber

struct Function<G, M>(G, PhantomData<fn(M)>);

impl<G, M, F> Subscriber for Function<G, M>
where
    G: Fn(M) -> F + Send + Sync + 'static,
    M: Message + Default + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    type Message = M;

    fn hear(&self, message: M) -> impl Future<Output = ()> + Send {
        (self.0)(message)
    }
}

type Hearing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Deliver = Arc<dyn Fn(Bytes) -> Result<Hearing, DecodeError> + Send + Sync>;

// ANCHOR: subscription
/// A subscriber on a topic.
#[derive(Clone)]
pub struct Subscription {
    topic: String,
    queue: Option<String>,
    room: usize,
    deliver_to: Deliver,
    heard: Arc<Mutex<Heard>>,
}

impl Subscription {
    /// Alone: it gets every message.
    pub fn new<S: Subscriber>(topic: &str, subscriber: S) -> Self {
        let subscriber = Arc::new(subscriber);
        Subscription {
            topic: topic.to_string(),
            queue: None,
            room: 64,
            deliver_to: Arc::new(move |bytes| {
                let message = S::Message::decode(bytes)?;
                let subscriber = Arc::clone(&subscriber);
                Ok(Box::pin(async move { subscriber.hear(message).await }))
            }),
            heard: Arc::default(),
        }
    }

    /// In a group of this name: of all its members one gets a message.
    pub fn queue(mut self, name: &str) -> Self {
        self.queue = Some(name.to_string());
        self
    }

    /// Sets the length of the queue, in messages. When it is full, the next message is dropped.
    pub fn room(mut self, messages: usize) -> Self {
        self.room = messages.max(1);
        self
    }

    /// Returns the counts of the messages that reached the subscription, or a clone of it.
    pub fn heard(&self) -> Heard {
        *lock(&self.heard)
    }
}
// ANCHOR_END: subscription

/// The id of the subscriber of a service; a service may have several.
fn id(of: &str, place: usize) -> String {
    format!("{of}-{place}")
}

/// Returns the instances to register for the subscriptions of a service: at its address, under the
/// name of their topic.
pub(crate) fn instances(subscriptions: &[Subscription], of: &Instance) -> Vec<Instance> {
    let instance = |(place, subscription): (usize, &Subscription)| {
        let mut instance = of.clone();
        instance.id = id(&of.id, place);
        instance.name = registered_as(&subscription.topic);
        if let Some(queue) = &subscription.queue {
            let (key, queue) = (QUEUE.to_string(), queue.clone());
            instance.metadata.insert(key, queue);
        }
        instance
    };
    subscriptions.iter().enumerate().map(instance).collect()
}

/// Adds what a publisher calls to the handlers of a service.
pub(crate) fn deliver(
    handlers: &mut Handlers,
    inboxes: Arc<Inboxes>,
) -> Result<(), DuplicateMethod> {
    let method: Method = match DELIVER.parse() {
        Ok(method) => method,
        // It is a constant, and a test calls it.
        Err(_) => return Err(DuplicateMethod(DELIVER.to_string())),
    };
    handlers.add(method, move |brought: pb::DeliverRequest| {
        let inboxes = Arc::clone(&inboxes);
        async move {
            if brought.message.len() > MESSAGE {
                return Err(Status::resource_exhausted("the message is too long"));
            }
            let taken = inboxes.put(&brought.topic, &brought.subscriber, brought.message.into());
            match taken {
                Some(taken) => Ok(pb::DeliverResponse { taken }),
                None => {
                    let (id, topic) = (brought.subscriber, brought.topic);
                    Err(Status::not_found(format!("no {id} hears {topic} here")))
                }
            }
        }
    })
}
