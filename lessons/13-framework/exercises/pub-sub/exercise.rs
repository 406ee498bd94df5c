use std::time::Duration;

// Given in given.rs, beside this file: `Message`, `Topic`, `Broker`, `NotAcknowledged`, `publish_again_and_again`.
pub use super::given::*;

/// The producer. `Ok` means that a subscriber has acknowledged the order with this id.
///
/// * Until then the order is published each second; after the acknowledgement no more.
/// * If no acknowledgement came, the result is `NotAcknowledged` when `timeout` is over, at most 1 s later.
pub async fn deliver(
    broker: &impl Broker,
    id: u64,
    text: &str,
    timeout: Duration,
) -> Result<(), NotAcknowledged> {
    let _ = timeout;
    let text = text.to_string();
    broker.publish(Topic::Orders, Message { id, text });
    Ok(())
}

/// The subscriber, until it is stopped. It handles each order once and then acknowledges it on `Topic::Acks`, each time
/// that it comes. Its acknowledgement may be lost.
pub async fn subscribe(broker: &impl Broker, mut handle: impl FnMut(&Message)) {
    let mut orders = broker.subscribe(Topic::Orders);
    while let Some(order) = orders.recv().await {
        handle(&order);
    }
}
