//! The store: every waiter is woken by a change of its own, and no change is lost.

use std::sync::Arc;
use std::time::Duration;

use l08_consul::clock::Clock;
use l08_consul::extra::kv::Plan;
use l08_consul::store::{State, Store, Topic};

fn set(store: &Store, key: &str, value: &str) {
    store.write(|state| {
        let Plan::Put(pair) = state
            .kv
            .plan(state.index + 1, key, 0, value.as_bytes(), None)
        else {
            return;
        };
        state.index += 1;
        state.kv.put(pair);
    });
}

fn index_of(key: &'static str) -> impl Fn(&State) -> u64 {
    move |state| state.kv.get(key).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_wait_hear_of_one_change_and_of_no_other() {
    let store = Arc::new(Store::new(State::default()));
    set(&store, "theirs", "1");
    let clock = Clock::manual();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (store, clock) = (store.clone(), clock.clone());
        waiting.spawn(async move {
            let minute = Duration::from_secs(60);
            store
                .wait_past(Topic::Kv, &clock, 1, minute, index_of("theirs"))
                .await;
            store.read(index_of("theirs"))
        });
    }
    set(&store, "others", "1");
    set(&store, "theirs", "2");
    for index in waiting.join_all().await {
        assert_eq!(index, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_between_look_and_wait_is_lost() {
    let store = Arc::new(Store::new(State::default()));
    let writer = tokio::task::spawn_blocking({
        let store = store.clone();
        move || (0..5000).for_each(|n| set(&store, "k", &n.to_string()))
    });
    let clock = Clock::manual();
    let mut seen = 0;
    while seen < 5000 {
        let wait = store.wait_past(Topic::Kv, &clock, seen, Duration::MAX / 4, index_of("k"));
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("a lost wake-up");
        let index = store.read(index_of("k"));
        assert!(index > seen);
        seen = index;
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn a_wait_ends_in_time() {
    let store = Arc::new(Store::new(State::default()));
    let clock = Clock::manual();
    let wait = tokio::spawn({
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            let ten = Duration::from_secs(10);
            store
                .wait_past(Topic::Kv, &clock, 7, ten, index_of("k"))
                .await;
            clock.now().as_secs()
        }
    });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(60)).await;
    assert_eq!(wait.await.unwrap(), 10);
}
