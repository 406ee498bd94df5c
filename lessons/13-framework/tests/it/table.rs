//! The table behind the registries without a server: watchers that are slow or gone, ids that move, a limit.

use l13_framework::registries::bounds::INSTANCES;
use l13_framework::registries::table::{Full, QUEUE, Table};
use l13_framework::registry::{Event, Instance};

fn instance(id: &str, name: &str) -> Instance {
    Instance::new(name, id, "127.0.0.1:1".parse().unwrap())
}

/// A watcher that does not read holds no more than its queue, and learns that it has missed something.
/// After that it hears again.
#[tokio::test]
async fn a_slow_watcher_is_bounded_and_told() {
    let mut table = Table::default();
    let mut watch = table.watch(None);
    for number in 0..QUEUE * 2 {
        table.put(instance(&number.to_string(), "a"), None).unwrap();
    }
    for number in 0..QUEUE - 1 {
        let told = watch.next().await;
        assert_eq!(told, Some(Event::Added(instance(&number.to_string(), "a"))));
    }
    assert_eq!(watch.next().await, Some(Event::Lost));
    table.remove("7");
    let told = watch.next().await;
    assert_eq!(told, Some(Event::Removed(instance("7", "a"))));
}

#[tokio::test]
async fn watchers_that_have_gone_are_forgotten() {
    let mut table = Table::default();
    for _ in 0..10 {
        drop(table.watch(None));
    }
    assert!(table.watchers() <= 1);
    table.put(instance("1", "a"), None).unwrap();
    assert_eq!(table.watchers(), 0);
}

/// An id that is registered under another name has moved: gone here, there now.
#[tokio::test]
async fn an_instance_may_change_its_service() {
    let mut table = Table::default();
    table.put(instance("1", "a"), None).unwrap();
    let mut watch = table.watch(Some("a"));
    table.put(instance("1", "b"), None).unwrap();
    assert!(matches!(watch.next().await, Some(Event::Added(_))));
    assert!(matches!(watch.next().await, Some(Event::Removed(_))));
    assert_eq!(table.names(), ["b"]);
    assert_eq!(table.of("a"), []);
}

#[test]
fn a_full_table_takes_no_more() {
    let mut table = Table::default();
    for number in 0..INSTANCES {
        table.put(instance(&number.to_string(), "a"), None).unwrap();
    }
    assert_eq!(table.put(instance("x", "a"), None), Err(Full));
    assert_eq!(table.left_out(), 1);
    // What it knows already may still change.
    table.put(instance("1", "b"), None).unwrap();
}
