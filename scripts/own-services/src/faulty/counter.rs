//! Stage 14, with faults.

use std::env;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{AsyncCommands, Client, RedisResult};
use tokio::sync::OnceCell;
use tonic::Status;

use crate::fault;

static HERE: AtomicU64 = AtomicU64::new(0);
static CONNECTION: OnceCell<ConnectionManager> = OnceCell::const_new();
static ONE: OnceCell<MultiplexedConnection> = OnceCell::const_new();

/// Counts one greeting.
pub async fn count() -> Result<u64, Status> {
    if fault("counts-in-memory") {
        return Ok(HERE.fetch_add(1, Ordering::SeqCst) + 1);
    }
    let counted = if fault("never-reconnects") {
        never_again().await
    } else {
        loop {
            let counted = in_redis().await;
            if counted.is_ok() || !fault("waits-for-redis") {
                break counted;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    counted.map_err(|e| match fault("internal-without-redis") {
        true => Status::internal(e.to_string()),
        false => Status::unavailable(e.to_string()),
    })
}

fn client() -> RedisResult<Client> {
    let addr = env::var("REDIS_ADDR").map_err(io::Error::other)?;
    Client::open(format!("redis://{addr}/"))
}

async fn never_again() -> RedisResult<u64> {
    let connect = async || client()?.get_multiplexed_async_connection().await;
    let mut redis = ONE.get_or_try_init(connect).await?.clone();
    step(&mut redis).await
}

async fn in_redis() -> RedisResult<u64> {
    let connect = async || {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(300)))
            .set_response_timeout(Some(Duration::from_millis(300)))
            .set_number_of_retries(0);
        ConnectionManager::new_lazy_with_config(client()?, config)
    };
    let mut redis = CONNECTION.get_or_try_init(connect).await?.clone();
    step(&mut redis).await
}

async fn step(redis: &mut impl AsyncCommands) -> RedisResult<u64> {
    if fault("get-then-set") {
        let number = redis
            .get::<_, Option<u64>>("greetings")
            .await?
            .unwrap_or_default()
            + 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
        redis.set_ex::<_, _, ()>("greetings", number, 60).await?;
        return Ok(number);
    }
    let number: u64 = redis.incr("greetings", 1).await?;
    if (number == 1 && !fault("no-expiry")) || fault("prolongs") {
        redis.expire::<_, ()>("greetings", 60).await?;
    }
    Ok(number)
}
