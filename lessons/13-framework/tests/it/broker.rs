//! Publish and subscribe: which subscribers get a message, which do not, and that no side waits for another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use l13_framework::broker::{
    self, Error, Publisher, Sent, Settings, Subscriber, Subscription, function, registered_as,
};
use l13_framework::registry::{Instance, Registry};
use l13_framework::service::Service;
use l13_framework::transport::Transport;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::help;
use crate::help::{PATIENCE, Running, begin, leaving, memory, until};

const TOPIC: &str = "go.micro.topic.news";

/// The messages that a subscriber got.
type Heard = Arc<Mutex<Vec<String>>>;

fn heard(by: &Heard) -> Vec<String> {
    by.lock().unwrap().clone()
}

/// A subscriber object: it has state of its own.
struct Keeps(Heard);

impl Subscriber for Keeps {
    type Message = String;

    async fn hear(&self, message: String) {
        self.0.lock().unwrap().push(message);
    }
}

/// A subscriber function.
fn keeps(heard: &Heard) -> impl Subscriber + use<> {
    let heard = Arc::clone(heard);
    function(move |message: String| {
        heard.lock().unwrap().push(message);
        async {}
    })
}

/// A service that hears, at work and registered.
async fn listening(registry: &Arc<dyn Registry>, subscription: Subscription) -> Running {
    on(registry, Transport::Grpc, subscription).await
}

async fn on(
    registry: &Arc<dyn Registry>,
    transport: Transport,
    subscription: Subscription,
) -> Running {
    let service = Service::new("go.micro.srv.reader")
        .registry(Arc::clone(registry))
        .transport(transport)
        .leaving(leaving())
        .hear(subscription);
    let running = begin(service).await;
    until("it is registered", async || {
        assert!(!running.task.is_finished(), "it has ended");
        let list = registry.get_service(&registered_as(TOPIC)).await.unwrap();
        list.iter().any(|one| one.addr == running.addr)
    })
    .await;
    running
}

/// Publishes a text.
async fn say(publisher: &Publisher, text: impl ToString) -> Sent {
    let sent = publisher.publish(TOPIC, &text.to_string()).await;
    sent.unwrap()
}

fn publisher(registry: &Arc<dyn Registry>) -> Publisher {
    Publisher::new(Arc::clone(registry), Settings::default())
}

/// Publishes until the list has so many, which says that the news of them has arrived.
async fn publish_to(publisher: &Publisher, to: usize, words: &str) {
    until("the publisher knows them", async || {
        say(publisher, words).await.to == to
    })
    .await;
}

/// An object and a function, on either transport: both hear what is published, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_everything() {
    let registry = memory();
    let (one, two) = (Heard::default(), Heard::default());
    let object = Subscription::new(TOPIC, Keeps(Arc::clone(&one)));
    let object = on(&registry, Transport::Grpc, object).await;
    let subscription = Subscription::new(TOPIC, keeps(&two));
    let subscription = on(&registry, Transport::Rpc, subscription).await;
    let publisher = publisher(&registry);
    let words: Vec<String> = (0..50).map(|n| format!("news {n}")).collect();
    for word in &words {
        let sent = say(&publisher, word).await;
        assert_eq!((sent.to, sent.dropped), (2, 0));
        // No faster than they are brought, or a queue would be full.
        assert!(publisher.flush(PATIENCE).await);
    }
    until("both have heard", async || {
        heard(&one).len() + heard(&two).len() == 100
    })
    .await;
    assert_eq!(heard(&one), words);
    assert_eq!(heard(&two), words);
    for brought in publisher.brought(TOPIC).values() {
        assert_eq!((brought.sent, brought.taken, brought.lost), (50, 50, 0));
    }
    // Another topic is another topic.
    let sent = publisher
        .publish("weather", &"rain".to_string())
        .await
        .unwrap();
    assert_eq!(sent.to, 0);
    object.leave().await;
    subscription.leave().await;
    until("no subscriber is left", async || {
        say(&publisher, "late").await.to == 0
    })
    .await;
}

/// Of a group one gets a message; who is in none gets all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_group() {
    let registry = memory();
    let all: [Heard; 3] = Default::default();
    let mut running = Vec::new();
    for (place, heard) in all.iter().enumerate() {
        let mut subscription = Subscription::new(TOPIC, keeps(heard));
        if place > 0 {
            subscription = subscription.queue("printers");
        }
        running.push(listening(&registry, subscription).await);
    }
    let publisher = publisher(&registry);
    for n in 0..40 {
        let sent = say(&publisher, format!("page {n}")).await;
        assert_eq!(sent.to, 2);
        assert!(publisher.flush(PATIENCE).await);
    }
    let [alone, one, two] = &all;
    let count = |heard: &Heard| heard.lock().unwrap().len();
    until("all is heard", async || {
        count(alone) + count(one) + count(two) == 80
    })
    .await;
    assert_eq!(count(alone), 40);
    assert_eq!((count(one), count(two)), (20, 20), "in turn");
    let mut pages: Vec<String> = heard(one).into_iter().chain(heard(two)).collect();
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), 40, "no page twice");
}

/// At most once: who comes later never hears what was said before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_late_has_missed_it() {
    let registry = memory();
    let publisher = publisher(&registry);
    // No subscriber gets it, and that is no error.
    let sent = say(&publisher, "first").await;
    assert_eq!((sent.to, sent.dropped), (0, 0));
    let early = Heard::default();
    let _early = listening(&registry, Subscription::new(TOPIC, keeps(&early))).await;
    publish_to(&publisher, 1, "second").await;
    assert!(publisher.flush(PATIENCE).await);
    let late = Heard::default();
    let _late = listening(&registry, Subscription::new(TOPIC, keeps(&late))).await;
    publish_to(&publisher, 2, "third").await;
    assert!(publisher.flush(PATIENCE).await);
    until("the third is heard", async || {
        heard(&late).contains(&"third".to_string())
    })
    .await;
    assert_eq!(heard(&late).first().unwrap(), "third");
    assert!(!heard(&early).contains(&"first".to_string()));
    assert_eq!(heard(&early).first().unwrap(), "second");
}

/// At most once: what is on its way to a subscriber that dies is lost, and counted, and not sent to
/// the one that takes its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_subscriber_was_sent_is_lost_and_counted() {
    let registry = memory();
    let (dead, living) = (Heard::default(), Heard::default());
    let gone = listening(&registry, Subscription::new(TOPIC, keeps(&dead))).await;
    let _living = listening(&registry, Subscription::new(TOPIC, keeps(&living))).await;
    let publisher = publisher(&registry);
    publish_to(&publisher, 2, "before").await;
    assert!(publisher.flush(PATIENCE).await);
    let id = format!("{}-0", gone.id);
    let addr = gone.addr;
    gone.crash();
    until("its place is empty", async || {
        tokio::net::TcpStream::connect(addr).await.is_err()
    })
    .await;
    // The connection that the publisher has may end a moment after the listener.
    until("its connection has ended", async || {
        say(&publisher, "before").await;
        publisher.flush(PATIENCE).await && publisher.brought(TOPIC)[&id].lost > 0
    })
    .await;
    let before = publisher.brought(TOPIC)[&id].lost;
    // Still listed, so it is still sent to.
    for n in 0..5 {
        let sent = say(&publisher, format!("after {n}")).await;
        assert_eq!(sent.to, 2);
        assert!(publisher.flush(PATIENCE).await);
    }
    let brought = &publisher.brought(TOPIC)[&id];
    assert_eq!(brought.lost - before, 5);
    assert_eq!(brought.waiting(), 0);
    until("the other has heard it all", async || {
        heard(&living).len() >= 6
    })
    .await;
    assert!(heard(&dead).iter().all(|word| word == "before"));
}

/// A subscriber that is slow to hear has a queue that ends. What does not fit is dropped for it, and
/// counted; the other subscriber hears everything, and the publisher does not wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_costs_nobody_but_itself() {
    const MESSAGES: usize = 200;
    const ROOM: usize = 8;
    let registry = memory();
    let gate = Arc::new(Semaphore::new(0));
    let of_gate = Arc::clone(&gate);
    let slow = Subscription::new(
        TOPIC,
        function(move |_: String| {
            let gate = Arc::clone(&of_gate);
            // It handles nothing until the test opens the gate.
            async move { gate.acquire().await.unwrap().forget() }
        }),
    )
    .room(ROOM);
    let of_slow = slow.clone();
    let fast = Heard::default();
    let _slow = listening(&registry, slow).await;
    let _fast = listening(
        &registry,
        Subscription::new(TOPIC, keeps(&fast)).room(MESSAGES),
    )
    .await;
    let publisher = publisher(&registry);
    let mut longest = Duration::ZERO;
    for n in 0..MESSAGES {
        let began = Instant::now();
        let sent = say(&publisher, n).await;
        longest = longest.max(began.elapsed());
        assert_eq!((sent.to, sent.dropped), (2, 0));
        assert!(publisher.flush(PATIENCE).await);
    }
    until("the fast one has heard all", async || {
        heard(&fast).len() == MESSAGES
    })
    .await;
    // One is being heard, and the queue is full: all the others are dropped.
    let held = ROOM as u64 + 1;
    assert_eq!(of_slow.heard().dropped, MESSAGES as u64 - held);
    assert_eq!(of_slow.heard().heard, 0);
    let brought = publisher.brought(TOPIC);
    let refused: u64 = brought.values().map(|one| one.refused).sum();
    assert_eq!(
        refused,
        of_slow.heard().dropped,
        "both have counted the same"
    );
    // No handler was ever waited for: it has not moved to this very moment.
    println!("the longest publish took {longest:?}");
    gate.add_permits(MESSAGES);
    until("it hears what was kept", async || {
        of_slow.heard().heard == held
    })
    .await;
}

/// A subscriber that does not even take connections: the queue is the publisher's then, and it ends too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_place_holds_up_its_own_queue_only() {
    let registry = memory();
    // A listener that never replies.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    let instance = Instance::new(registered_as(TOPIC), "silent", addr);
    registry
        .register(&instance, Duration::from_secs(600))
        .await
        .unwrap();
    let fast = Heard::default();
    let _fast = listening(&registry, Subscription::new(TOPIC, keeps(&fast))).await;
    let settings = Settings {
        room: 4,
        timeout: Duration::from_secs(600),
        ..Settings::default()
    };
    let publisher = Publisher::new(Arc::clone(&registry), settings);
    let everything = async {
        for n in 0..20 {
            let sent = say(&publisher, n).await;
            assert!(sent.to >= 1);
            until("the fast one has it", async || heard(&fast).len() == n + 1).await;
        }
    };
    timeout(PATIENCE, everything)
        .await
        .expect("no side waits for the silent one");
    let brought = publisher.brought(TOPIC)["silent"];
    // One is being brought, four wait, fifteen had no room.
    assert_eq!(
        (brought.sent, brought.dropped, brought.waiting()),
        (20, 15, 5)
    );
    assert!(!publisher.flush(Duration::from_millis(50)).await);
}

/// Not every message can be sent, nor every one read; and a subscriber may panic.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_and_broken_messages() {
    let registry = memory();
    let panics = Subscription::new(
        TOPIC,
        function(|message: String| async move { assert_ne!(message, "bad", "on purpose") }),
    );
    let counts = panics.clone();
    let running = listening(&registry, panics).await;
    let publisher = publisher(&registry);
    let long = "x".repeat(broker::MESSAGE + 1);
    let refused = publisher.publish(TOPIC, &long).await.unwrap_err();
    assert!(matches!(refused, Error::TooLong(_)), "{refused}");
    publish_to(&publisher, 1, "bad").await;
    assert!(publisher.flush(PATIENCE).await);
    // A number where a text is expected.
    let sent = publisher.publish(TOPIC, &7_u64).await.unwrap();
    assert_eq!(sent.to, 1);
    say(&publisher, "good").await;
    until("the good one is heard", async || counts.heard().heard == 1).await;
    assert_eq!((counts.heard().failed, counts.heard().dropped), (2, 0));
    running.leave().await;
}

/// Leaving well is for subscribers too: what was taken is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_is_heard_before_it_leaves() {
    let registry = memory();
    let slow = Heard::default();
    let of_slow = Arc::clone(&slow);
    let subscription = Subscription::new(
        TOPIC,
        function(move |message: String| {
            let heard = Arc::clone(&of_slow);
            async move {
                sleep(Duration::from_millis(20)).await;
                heard.lock().unwrap().push(message);
            }
        }),
    );
    let running = listening(&registry, subscription).await;
    let publisher = publisher(&registry);
    publish_to(&publisher, 1, "0").await;
    for n in 1..20 {
        say(&publisher, n).await;
    }
    assert!(publisher.flush(PATIENCE).await);
    let left = running.leave().await;
    assert!(left.told && left.finished, "{left:?}");
    assert_eq!(heard(&slow).len(), 20);
}

/// Without a registry the subscribers of a topic are unknown. That is an error, and not zero subscribers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_is_away_is_not_an_empty_topic() {
    let registry = help::Away::registry();
    let settings = Settings {
        look: Duration::from_millis(200),
        ..Settings::default()
    };
    let publisher = Publisher::new(registry, settings);
    let failed = publisher
        .publish(TOPIC, &"x".to_string())
        .await
        .unwrap_err();
    assert!(matches!(failed, Error::Registry(_)), "{failed}");
    assert!(failed.to_string().contains("out for lunch"), "{failed}");
}
