//! `publish` says that a message was sent, and nothing about its delivery. To know more, the subscriber acknowledges,
//! and the acknowledgement may be lost as well. So the producer subscribes to acknowledgements before it publishes,
//! repeats the order until its own id comes back, and gives up at some time. The subscriber cannot know why an order comes
//! again, so it acknowledges each time, and handles an id once. Repetition makes "at least once"; the ids make "once"
//! of it. A subscriber that runs for years must forget ids at some time; `timeout` of the producer says how soon it may.

use std::collections::HashSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Message`, `Topic`, `Broker`, `NotAcknowledged`, `publish_again_and_again`.
pub use super::given::*;

/// The producer.
pub async fn deliver(
    broker: &impl Broker,
    id: u64,
    text: &str,
    timeout: Duration,
) -> Result<(), NotAcknowledged> {
    let mut acks = broker.subscribe(Topic::Acks);
    let acknowledged = async {
        while acks.recv().await.ok_or(NotAcknowledged)?.id != id {}
        Ok(())
    };
    tokio::select! {
        biased;
        result = acknowledged => result,
        () = broker.sleep(timeout) => Err(NotAcknowledged),
        () = publish_again_and_again(broker, id, text) => Err(NotAcknowledged),
    }
}

/// The subscriber, until it is stopped.
pub async fn subscribe(broker: &impl Broker, mut handle: impl FnMut(&Message)) {
    let mut handled = HashSet::new();
    let mut orders = broker.subscribe(Topic::Orders);
    while let Some(order) = orders.recv().await {
        if handled.insert(order.id) {
            handle(&order);
        }
        broker.publish(Topic::Acks, order);
    }
}
