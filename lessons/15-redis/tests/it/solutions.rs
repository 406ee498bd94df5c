//! The solutions of the exercises against the real Redis: their checks run on ours.

use std::time::{Duration, Instant};

use crate::support::{PATIENCE, real};
use l15_redis::client::{Timeouts, connect};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;

#[path = "../../exercises/reconnect/given.rs"]
mod given;
#[path = "../../exercises/once-only/solution.rs"]
mod once_only;
#[path = "../../exercises/reconnect/solution.rs"]
mod reconnect;
#[path = "../../exercises/set-with-expiry/solution.rs"]
mod set_with_expiry;

/// Runs it with a connection to a real Redis.
fn with_real<F: Future<Output = ()>>(body: impl FnOnce(ConnectionManager) -> F) {
    let server = real(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let redis = connect(server.addr, Timeouts::default()).await.unwrap();
        body(redis).await;
    });
}

#[test]
fn the_real_redis_removes_a_code_after_its_time() {
    with_real(|mut redis| async move {
        set_with_expiry::keep(redis.clone(), "login:ada", "2024", 300)
            .await
            .unwrap();
        let ttl: i64 = redis.ttl("login:ada").await.unwrap();
        assert!((1..=300).contains(&ttl), "{ttl}");
        set_with_expiry::keep(redis.clone(), "login:ada", "2025", 1)
            .await
            .unwrap();
        let since = Instant::now();
        while redis.exists("login:ada").await.unwrap() {
            assert!(since.elapsed() < PATIENCE, "the key never expires");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for seconds in [0, u64::MAX] {
            let refused = set_with_expiry::keep(redis.clone(), "login:ada", "1", seconds).await;
            assert_eq!(refused.unwrap_err().code(), Some("ERR"));
        }
    });
}

#[test]
fn the_real_redis_gives_a_value_to_one_caller() {
    with_real(|mut redis| async move {
        for round in 0..20 {
            let key = format!("reset:{round}");
            let _: () = redis.set(&key, "ada").await.unwrap();
            let mut takers = tokio::task::JoinSet::new();
            for _ in 0..50 {
                let (redis, key) = (redis.clone(), key.clone());
                takers.spawn(async move { once_only::take(redis, &key).await.unwrap() });
            }
            let taken = takers.join_all().await;
            let winners: Vec<&String> = taken.iter().flatten().collect();
            assert_eq!(winners, ["ada"], "round {round}");
        }
    });
}

#[test]
fn the_real_redis_counts_a_visit_once() {
    with_real(|redis| async move {
        for (visit, counted) in [("v1", 1), ("v2", 2), ("v1", 2), ("v3", 3), ("v3", 3)] {
            let count = reconnect::count(redis.clone(), "gate", visit).await;
            assert_eq!(count.unwrap(), counted, "{visit}");
        }
    });
}
