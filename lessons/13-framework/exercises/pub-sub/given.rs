//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;
use tokio::sync::mpsc;

/// A message on a topic. Each order has an id of its own; an acknowledgement has the id of its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: u64,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Orders,
    Acks,
}

/// A broker that delivers at most once.
pub trait Broker {
    /// Sends the message to those who are subscribed at this moment. It may be lost, and no error says so.
    fn publish(&self, topic: Topic, message: Message);

    /// What is published on a topic from now on. It ends when the subscriber is stopped.
    fn subscribe(&self, topic: Topic) -> mpsc::Receiver<Message>;

    /// Sleeps by the clock of the check. A clock of your own does not run here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// No acknowledgement came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAcknowledged;

/// Publishes an order at once and then each second, until the future is dropped.
#[allow(dead_code, reason = "the stub does not call it")]
pub async fn publish_again_and_again(broker: &impl Broker, id: u64, text: &str) {
    loop {
        let text = text.to_string();
        broker.publish(Topic::Orders, Message { id, text });
        broker.sleep(Duration::from_secs(1)).await;
    }
}
