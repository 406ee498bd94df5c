//! An instance comes, changes, is found and goes.

use std::time::Duration;

use l13_framework::registry::Event;
use tokio::time::sleep;

use super::{LONG, Stage, holds, instance, name, next, next_of, pairs, until};

/// What one participant registers, others see with all its parts, and so does it itself.
pub async fn registered_is_seen_by_others(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    assert_eq!(other.get_service(&name).await, Ok(vec![]), "an unused name");
    let mut instance = instance(&name);
    instance.version = "1.2.0".into();
    instance.metadata = pairs(&[("transport", "grpc"), ("weight", "3")]);
    one.register(&instance, LONG).await.unwrap();
    for registry in [&one, &other] {
        holds(&**registry, &name, &[&instance]).await;
    }
    // One who comes later sees it as well.
    holds(&*stage.fresh().await, &name, &[&instance]).await;
}

/// Two of one name, from two participants, in the order of their ids. One goes, the other stays.
pub async fn two_instances_of_one_name(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    other.register(&second, LONG).await.unwrap();
    one.register(&first, LONG).await.unwrap();
    for registry in [&one, &other] {
        holds(&**registry, &name, &[&first, &second]).await;
    }
    one.deregister(&first).await.unwrap();
    for registry in [&one, &other] {
        holds(&**registry, &name, &[&second]).await;
    }
}

/// A watch of one name tells of that one only: who comes, who changes, who goes.
pub async fn a_watch_of_one_name_tells_in_order(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second, unrelated) = (
        instance(&name),
        instance(&name),
        instance(&format!("{name}.other")),
    );
    let mut watch = other.watch(Some(&name)).await.unwrap();
    one.register(&unrelated, LONG).await.unwrap();
    one.register(&first, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    one.register(&second, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(second.clone()));
    one.deregister(&first).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Removed(first.clone()));
    one.register(&first, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    one.deregister(&second).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Removed(second));
}

/// A watch without a name tells of all.
pub async fn a_watch_of_all_tells_in_order(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let (name, prefix) = (name("user"), name("user"));
    let (first, second) = (instance(&name), instance(&format!("{prefix}.other")));
    let mut watch = other.watch(None).await.unwrap();
    let ours = [name.as_str(), second.name.as_str()];
    one.register(&first, LONG).await.unwrap();
    let told = next_of(&mut watch, &ours).await;
    assert_eq!(told, Event::Added(first.clone()));
    one.register(&second, LONG).await.unwrap();
    let told = next_of(&mut watch, &ours).await;
    assert_eq!(told, Event::Added(second.clone()));
    one.deregister(&first).await.unwrap();
    let told = next_of(&mut watch, &ours).await;
    assert_eq!(told, Event::Removed(first));
    one.deregister(&second).await.unwrap();
    let told = next_of(&mut watch, &ours).await;
    assert_eq!(told, Event::Removed(second));
}

/// A new watch does not have to ask for the list first.
pub async fn a_watch_begins_with_what_is_there(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    one.register(&first, LONG).await.unwrap();
    one.register(&second, LONG).await.unwrap();
    holds(&*other, &name, &[&first, &second]).await;
    let mut watch = other.watch(Some(&name)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    assert_eq!(next(&mut watch).await, Event::Added(second.clone()));
    let mut watch = other.watch(None).await.unwrap();
    let told = next_of(&mut watch, &[&name]).await;
    assert_eq!(told, Event::Added(first.clone()));
    // And it goes on from there.
    one.deregister(&second).await.unwrap();
    let told = next_of(&mut watch, &[&name]).await;
    assert_eq!(told, Event::Added(second.clone()));
    let told = next_of(&mut watch, &[&name]).await;
    assert_eq!(told, Event::Removed(second));
}

/// The same id again, with other metadata, another version, another address: the new one is told as
/// added, and the old one has not been removed.
pub async fn registering_again_replaces(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let mut instance = instance(&name);
    instance.metadata = pairs(&[("weight", "1"), ("old", "yes")]);
    let mut watch = other.watch(Some(&name)).await.unwrap();
    one.register(&instance, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance.clone()));
    instance.metadata = pairs(&[("weight", "5"), ("new", "yes")]);
    one.register(&instance, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance.clone()));
    holds(&*other, &name, &[&instance]).await;
    instance.version = "2.0.0".into();
    one.register(&instance, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance.clone()));
    instance.addr.set_port(40_001);
    one.register(&instance, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance.clone()));
    holds(&*other, &name, &[&instance]).await;
    holds(&*one, &name, &[&instance]).await;
}

/// Heartbeats are not news: after some of them the next event is the next change.
pub async fn a_heartbeat_that_changes_nothing_tells_nothing(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    let mut watch = other.watch(Some(&name)).await.unwrap();
    one.register(&first, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    for _ in 0..3 {
        one.register(&first, LONG).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    one.register(&second, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(second));
}

/// The process lives, and has forgotten its heartbeat. That is all the same to the others.
pub async fn without_a_heartbeat_it_is_gone(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (kept, forgotten) = (instance(&name), instance(&name));
    let mut watch = other.watch(Some(&name)).await.unwrap();
    one.register(&kept, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(kept.clone()));
    one.register(&forgotten, stage.short()).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(forgotten.clone()));
    assert_eq!(next(&mut watch).await, Event::Removed(forgotten.clone()));
    holds(&*other, &name, &[&kept]).await;
    holds(&*one, &name, &[&kept]).await;
    // It remembers: it is there again.
    one.register(&forgotten, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(forgotten.clone()));
    holds(&*other, &name, &[&kept, &forgotten]).await;
}

/// Goodbye: gone for all, from the list of names as well.
pub async fn deregistered_is_gone(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let instance = instance(&name);
    one.register(&instance, LONG).await.unwrap();
    holds(&*other, &name, &[&instance]).await;
    one.deregister(&instance).await.unwrap();
    for registry in [&one, &other] {
        holds(&**registry, &name, &[]).await;
        let listed = async || {
            let names = registry.list_services().await.unwrap();
            (!names.contains(&name), format!("{names:?}"))
        };
        until("the name is off the list", listed).await;
    }
}

/// It is not there, and that is what was asked for.
pub async fn deregistering_an_unknown_one_is_no_error(stage: &impl Stage) {
    let one = stage.fresh().await;
    let name = name("user");
    let (here, unknown) = (instance(&name), instance(&name));
    assert_eq!(one.deregister(&unknown).await, Ok(()));
    one.register(&here, LONG).await.unwrap();
    assert_eq!(one.deregister(&unknown).await, Ok(()));
    holds(&*one, &name, &[&here]).await;
    // Twice is once.
    assert_eq!(one.deregister(&here).await, Ok(()));
    assert_eq!(one.deregister(&here).await, Ok(()));
    holds(&*one, &name, &[]).await;
}

/// Each name once, sorted.
pub async fn names_of_all_services(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let (first, second) = (name("first"), name("second"));
    for name in [&second, &first, &second] {
        one.register(&instance(name), LONG).await.unwrap();
    }
    for registry in [&one, &other] {
        let both = async || {
            let names = registry.list_services().await.unwrap();
            assert!(names.is_sorted(), "not sorted: {names:?}");
            let ours = names
                .iter()
                .filter(|&name| [&first, &second].contains(&name));
            (ours.count() == 2, format!("{names:?}"))
        };
        until("both names are listed once", both).await;
    }
}
