//! The list of instances: followed, kept while the registry is away, and not trusted when it is back.

use std::sync::Arc;
use std::time::Duration;

use l13_framework::client::{Client, Settings};
use l13_framework::registry::{Instance, Registry};
use l13_framework::service_view::{Freshness, ServiceView};
use tokio::time::{Instant, sleep};

use crate::help::{Away, NAME, PATIENCE, begin, greet, greeter, start, until};

const LONG: Duration = Duration::from_secs(600);

fn instance(id: &str, weight: &str) -> Instance {
    let mut instance = Instance::new(NAME, id, "127.0.0.1:7".parse().unwrap());
    instance.metadata.insert("weight".into(), weight.into());
    instance
}

fn ids(known: &ServiceView) -> Vec<String> {
    let members = known.members();
    let members = members.borrow();
    members.iter().map(|member| member.id.clone()).collect()
}

/// It follows what happens, and weights are what the metadata says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_follows() {
    let registry: Arc<dyn Registry> = Arc::new(Away::default());
    registry.register(&instance("a", "3"), LONG).await.unwrap();
    let known = ServiceView::new(Arc::clone(&registry), NAME);
    let home = known.healthy(Instant::now() + PATIENCE).await.unwrap();
    assert_eq!(home, [instance("a", "3")]);
    assert_eq!(known.members().borrow()[0].weight, 3);
    registry
        .register(&instance("b", "heavy"), LONG)
        .await
        .unwrap();
    until("b is there", async || ids(&known) == ["a", "b"]).await;
    assert_eq!(
        known.members().borrow()[1].weight,
        1,
        "what is no number is 1"
    );
    registry.register(&instance("a", "5"), LONG).await.unwrap();
    until("a has changed", async || {
        known.members().borrow()[0].weight == 5
    })
    .await;
    registry.deregister(&instance("a", "5")).await.unwrap();
    until("a is gone", async || ids(&known) == ["b"]).await;
    registry
        .register(&instance("c", "1"), Duration::from_millis(100))
        .await
        .unwrap();
    until("c is there", async || ids(&known) == ["b", "c"]).await;
    until("its time is over", async || ids(&known) == ["b"]).await;
}

/// An empty list is an answer. An unavailable registry is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_instance_and_nobody_knows() {
    let away = Away::default();
    let registry: Arc<dyn Registry> = Arc::new(away.clone());
    let known = ServiceView::new(Arc::clone(&registry), NAME);
    let home = known.healthy(Instant::now() + PATIENCE).await;
    assert_eq!(home, Ok(Vec::new()));
    away.away(true);
    let known = ServiceView::new(Arc::clone(&registry), NAME);
    let home = known
        .healthy(Instant::now() + Duration::from_millis(100))
        .await;
    assert!(home.unwrap_err().to_string().contains("away"));
    assert!(matches!(
        *known.freshness().borrow(),
        Freshness::Unavailable(_)
    ));
    // The registry becomes available after the question.
    away.away(false);
    let home = known.healthy(Instant::now() + PATIENCE).await;
    assert_eq!(home, Ok(Vec::new()));
}

/// The registry is unavailable: the instances are not, and calls go on. It is back with an empty list:
/// the instances are kept for a while, and register again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn away_is_not_gone() {
    let away = Away::default();
    let registry: Arc<dyn Registry> = Arc::new(away.clone());
    let interval = Duration::from_millis(200);
    let service = greeter(&registry, "one").register_every(interval, interval * 3);
    let running = start(&registry, service).await;
    let client = Client::new(Arc::clone(&registry), Settings::default());
    greet(&client, "Ada").await.unwrap();
    let known = client.view(NAME);
    away.away(true);
    until("it is known to be away", async || {
        matches!(*known.freshness().borrow(), Freshness::Stale(_))
    })
    .await;
    // Its entry runs out meanwhile.
    sleep(interval * 4).await;
    assert!(away.inner.get_service(NAME).await.unwrap().is_empty());
    for _ in 0..20 {
        greet(&client, "Ada").await.unwrap();
    }
    // And so it is empty when it comes back. No call fails.
    away.away(false);
    until("it is known again", async || {
        *known.freshness().borrow() == Freshness::Fresh
    })
    .await;
    for _ in 0..20 {
        greet(&client, "Ada").await.unwrap();
    }
    until("it has called in", async || {
        !away.inner.get_service(NAME).await.unwrap().is_empty()
    })
    .await;
    greet(&client, "Ada").await.unwrap();
    running.leave().await;
    until("it is gone", async || known.members().borrow().is_empty()).await;
}

/// One instance is enough for a call: no call waits until the registry is sure that there are no others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_enough_for_a_call() {
    let registry = Away::that_only_watches();
    let running = begin(greeter(&registry, "one")).await;
    let mut settings = Settings::default();
    settings.call.deadline = PATIENCE;
    let client = Client::new(Arc::clone(&registry), settings);
    assert_eq!(greet(&client, "Ada").await.unwrap(), "hello Ada, says one");
    assert_eq!(*client.view(NAME).freshness().borrow(), Freshness::Pending);
    running.leave().await;
}

/// The watch ends with the last who has the list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_follows_for_nobody() {
    let away = Away::default();
    let registry: Arc<dyn Registry> = Arc::new(away.clone());
    let known = ServiceView::new(Arc::clone(&registry), NAME);
    known.healthy(Instant::now() + PATIENCE).await.unwrap();
    let followers = || Arc::strong_count(&registry);
    // One clone for the question, which is over, and one for the watch, which goes on.
    until("one follows", async || followers() == 2).await;
    let members = known.members();
    drop(known);
    registry.register(&instance("a", "1"), LONG).await.unwrap();
    until("the list goes on", async || members.borrow().len() == 1).await;
    drop(members);
    until("the follower has ended", async || followers() == 1).await;
}
