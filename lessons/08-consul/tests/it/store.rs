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
