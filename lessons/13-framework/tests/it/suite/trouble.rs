//! A service is killed; the registry goes away.

use std::time::Duration;

use l13_framework::registry::{Error, Event};
use tokio::time::{Instant, sleep};

use super::{Away, LONG, Stage, holds, instance, name, next, next_of, offering, patiently, until};

/// Its process is killed: no goodbye. As long as it lived it was there; after its time it is gone, and
/// those who watch are told.
pub async fn a_killed_process_is_gone_after_its_time(stage: &impl Stage) {
    let other = stage.fresh().await;
    let name = name("user");
    let instance = instance(&name);
    let mut watch = other.watch(Some(&name)).await.unwrap();
    let offer = offering(stage, &instance, stage.short()).await;
    let Event::Added(told) = next(&mut watch).await else {
        panic!("first it comes");
    };
    assert_eq!((&told.id, told.addr), (&instance.id, instance.addr));
    // Its heartbeat keeps it there for longer than one time to live.
    let since = Instant::now();
    let (mut there, mut asked) = (0, 0);
    while since.elapsed() < stage.short() * 2 {
        asked += 1;
        there += other.get_service(&name).await.unwrap().len();
        sleep(Duration::from_millis(50)).await;
    }
    // On a busy machine a beat may come late.
    assert!(there * 2 > asked, "it was there {there} of {asked} times");
    offer.kill();
    loop {
        match next(&mut watch).await {
            Event::Removed(gone) if other.get_service(&name).await.unwrap().is_empty() => {
                assert_eq!(gone.id, instance.id);
                break;
            }
            _ => {}
        }
    }
    holds(&*stage.fresh().await, &name, &[]).await;
}

/// While it is away every request says so, and none hangs. A watch that was there goes on afterwards by
/// itself.
pub async fn away_is_an_error_and_back_all_goes_on(stage: &impl Away) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    one.register(&first, LONG).await.unwrap();
    let mut watch = other.watch(Some(&name)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    stage.away().await;
    let late = stage.fresh().await;
    for registry in [&one, &other, &late] {
        let answer = patiently(registry.get_service(&name)).await;
        assert!(matches!(answer, Err(Error::Away(_))), "{answer:?}");
        let answer = patiently(registry.register(&second, LONG)).await;
        assert!(matches!(answer, Err(Error::Away(_))), "{answer:?}");
        let answer = patiently(registry.list_services()).await;
        assert!(matches!(answer, Err(Error::Away(_))), "{answer:?}");
    }
    stage.back().await;
    for instance in [&first, &second] {
        let registered = async || {
            let answer = one.register(instance, LONG).await;
            (answer.is_ok(), format!("{answer:?}"))
        };
        until("it can register again", registered).await;
    }
    for registry in [&one, &other, &late] {
        let both = async || {
            let answer = registry.get_service(&name).await;
            let right = answer == Ok(vec![first.clone(), second.clone()]);
            (right, format!("{answer:?}"))
        };
        until("all see both", both).await;
    }
    // What the watch tells of the first depends on whether the registry had forgotten it.
    while next(&mut watch).await != Event::Added(second.clone()) {}
    one.deregister(&second).await.unwrap();
    while next(&mut watch).await != Event::Removed(second.clone()) {}
}

/// An unavailable registry removes no instance, even if it comes back with nothing: a watch is
/// told that a service has gone only when it has. The service goes on with its heartbeats.
pub async fn away_takes_nobody_away(stage: &impl Away) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    let mut watch = other.watch(Some(&name)).await.unwrap();
    let mut all = other.watch(None).await.unwrap();
    let (ttl, kept) = (stage.short(), first.clone());
    let beat = tokio::spawn(async move {
        loop {
            // It fails while the registry is away.
            let _ = one.register(&kept, ttl).await;
            sleep(ttl / 8).await;
        }
    });
    assert_eq!(next(&mut watch).await, Event::Added(first.clone()));
    assert_eq!(
        next_of(&mut all, &[&name]).await,
        Event::Added(first.clone())
    );
    stage.away().await;
    // For longer than the registration lasts.
    sleep(ttl + ttl / 2).await;
    stage.back().await;
    let registered = async || {
        let answer = other.register(&second, LONG).await;
        (answer.is_ok(), format!("{answer:?}"))
    };
    until("it can register again", registered).await;
    holds(&*other, &name, &[&first, &second]).await;
    for watch in [&mut watch, &mut all] {
        assert_eq!(next_of(watch, &[&name]).await, Event::Added(second.clone()));
    }
    // And one that goes now is gone.
    beat.abort();
    for watch in [&mut watch, &mut all] {
        assert_eq!(
            next_of(watch, &[&name]).await,
            Event::Removed(first.clone())
        );
    }
}
