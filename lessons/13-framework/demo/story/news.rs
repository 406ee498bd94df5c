//! The scene about publish and subscribe.

use std::time::{Duration, Instant};

use l13_framework::broker::{Publisher, Settings};
use stage::child::PATIENCE;
use stage::story::Clock;
use tokio::time::sleep;

use super::place::Place;
use super::{INTERVAL, REGISTERED, TTL, leave, start};

/// Shows which subscriber gets which message.
pub async fn heard(clock: &Clock, place: &Place) -> anyhow::Result<()> {
    clock.scene("Publish and subscribe: at most once");
    let topic = format!("news-{}", std::process::id());
    let registry = place.options()?.open_registry(None)?;
    let publisher = Publisher::new(registry, Settings::default());
    let subscriber = |which: &str| {
        let mut arguments = vec!["subscribe".to_string(), topic.clone()];
        arguments.extend(place.flags.iter().cloned());
        arguments.push(format!("--server_id={}", place.id(which)));
        arguments.push(format!("--register_ttl={TTL}"));
        arguments.push(format!("--register_interval={INTERVAL}"));
        start(clock, &format!("reader {which}"), &arguments)
    };
    let say = async |text: &str| -> anyhow::Result<usize> {
        let sent = publisher.publish(&topic, &text.to_string()).await?;
        clock.tell(
            0,
            &format!("published \"{text}\" for {} subscribers", sent.to),
        );
        publisher.flush(Duration::from_secs(5)).await;
        // What it does with it is not the publisher's business, and takes no time here.
        sleep(Duration::from_millis(50)).await;
        Ok(sent.to)
    };
    say("one").await?;
    let early = subscriber("A")?;
    early.said(REGISTERED).await?;
    to(&publisher, &topic, 1).await?;
    say("two").await?;
    let late = subscriber("B")?;
    late.said(REGISTERED).await?;
    to(&publisher, &topic, 2).await?;
    say("three").await?;
    clock.tell(
        0,
        "reader A is killed, kill -9; the registry does not know it yet",
    );
    early.kill();
    say("four").await?;
    for (id, brought) in publisher.brought(&topic) {
        clock.tell(
            0,
            &format!(
                "{id}: {} sent, {} taken, {} lost",
                brought.sent, brought.taken, brought.lost
            ),
        );
    }
    leave(late).await?;
    tell_why();
    Ok(())
}

/// Waits until the publisher knows of so many. It publishes nothing for that: a topic with an empty
/// message would be heard.
async fn to(publisher: &Publisher, topic: &str, subscribers: usize) -> anyhow::Result<()> {
    let since = Instant::now();
    while publisher.subscribers(topic).await?.len() != subscribers {
        anyhow::ensure!(since.elapsed() < PATIENCE, "the subscribers never came");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn tell_why() {
    stage::signal::tell(
        "   B has never heard \"one\" and \"two\": nothing is stored. A has lost \"four\", and it is\n   \
         not sent again: it might have been delivered. The publisher has waited for neither.",
    );
}
