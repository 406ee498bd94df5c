//! The solutions of the exercises against the real Redis: their checks run on ours.

use std::time::{Duration, Instant};

use crate::support::{PATIENCE, real};
use l15_redis::client::{Patience, connect};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;

#[path = "../../exercises/once-only/solution.rs"]
mod once_only;
#[path = "../../exercises/reconnect/solution.rs"]
mod reconnect;
#[path = "../../exercises/setex/solution.rs"]
mod setex;

/// Runs it with a connection to a real Redis.
fn with_real<F: Future<Output = ()>>(body: impl FnOnce(ConnectionManager) -> F) {
    let server = real(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let redis = connect(server.addr, Patience::default()).await.unwrap();
        body(redis).await;
    });
}

#[test]
fn the_real_redis_lets_a_code_die() {
    with_real(|mut redis| async move {
        setex::keep(redis.clone(), "door:7", "2024", 300)
            .await
            .unwrap();
        let ttl: i64 = redis.ttl("door:7").await.unwrap();
        assert!((1..=300).contains(&ttl), "{ttl}");
        setex::keep(redis.clone(), "door:7", "2025", 1)
            .await
            .unwrap();
        let since = Instant::now();
        while redis.exists("door:7").await.unwrap() {
            assert!(since.elapsed() < PATIENCE, "it never dies");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for seconds in [0, u64::MAX] {
            let refused = setex::keep(redis.clone(), "door:7", "1", seconds).await;
            assert_eq!(refused.unwrap_err().code(), Some("ERR"));
        }
    });
}

#[test]
fn the_real_redis_hands_a_coat_out_once() {
    with_real(|mut redis| async move {
        for round in 0..20 {
            let key = format!("coat:{round}");
            let _: () = redis.set(&key, "blue coat").await.unwrap();
            let mut takers = tokio::task::JoinSet::new();
            for _ in 0..50 {
                let (redis, key) = (redis.clone(), key.clone());
                takers.spawn(async move { once_only::take(redis, &key).await.unwrap() });
            }
            let taken = takers.join_all().await;
            let winners: Vec<&String> = taken.iter().flatten().collect();
            assert_eq!(winners, ["blue coat"], "round {round}");
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
