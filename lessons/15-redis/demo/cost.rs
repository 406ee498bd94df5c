//! What a call costs: with a connection of its own, on one that all share, and many in one go.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use redis::{AsyncCommands, Client, RedisResult};

use l15_redis::client::{Timeouts, connect};

/// The result of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// So many calls.
    pub calls: u32,
    /// And so many connections for them.
    pub connections: u32,
    /// All calls together, one after the other.
    pub time: Duration,
}

impl Cost {
    fn of(calls: u32, connections: u32, since: Instant) -> Self {
        Cost {
            calls,
            connections,
            time: since.elapsed(),
        }
    }

    /// Microseconds a call.
    pub fn micros(&self) -> f64 {
        self.time.as_secs_f64() * 1e6 / f64::from(self.calls.max(1))
    }
}

/// A connection for each call, closed after it.
///
/// # Errors
/// If Redis does not answer.
// ANCHOR: one-per-call
pub async fn one_per_call(addr: SocketAddr, calls: u32) -> RedisResult<Cost> {
    let since = Instant::now();
    for _ in 0..calls {
        let client = Client::open(format!("redis://{addr}/"))?;
        let mut redis = client.get_multiplexed_async_connection().await?;
        let _: u64 = redis.incr("cost", 1).await?;
    }
    Ok(Cost::of(calls, calls, since))
}
// ANCHOR_END: one-per-call

/// All calls on one connection, one after the other.
///
/// # Errors
/// If Redis does not answer.
pub async fn shared(addr: SocketAddr, calls: u32) -> RedisResult<Cost> {
    let mut redis = connect(addr, Timeouts::default()).await?;
    let since = Instant::now();
    for _ in 0..calls {
        let _: u64 = redis.incr("cost", 1).await?;
    }
    Ok(Cost::of(calls, 1, since))
}

/// All calls on one connection, by `callers` at the same time: none waits for the reply of another one.
///
/// # Errors
/// If Redis does not answer.
pub async fn shared_by_many(addr: SocketAddr, calls: u32, callers: u32) -> RedisResult<Cost> {
    let redis = connect(addr, Timeouts::default()).await?;
    let since = Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let mut redis = redis.clone();
        all.spawn(async move {
            for _ in 0..calls / callers {
                let _: u64 = redis.incr("cost", 1).await?;
            }
            RedisResult::Ok(())
        });
    }
    while let Some(done) = all.join_next().await {
        done.map_err(std::io::Error::other)??;
    }
    Ok(Cost::of(calls / callers * callers, 1, since))
}

/// All calls in one pipeline: one write, one read.
///
/// # Errors
/// If Redis does not answer.
pub async fn pipelined(addr: SocketAddr, calls: u32) -> RedisResult<Cost> {
    let mut redis = connect(addr, Timeouts::default()).await?;
    let mut pipeline = redis::pipe();
    for _ in 0..calls {
        pipeline.incr("cost", 1).ignore();
    }
    let since = Instant::now();
    pipeline.exec_async(&mut redis).await?;
    Ok(Cost::of(calls, 1, since))
}
