//! What the notes' site does with Redis.

use std::net::SocketAddr;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisResult};

/// A new connection. The notes' library waits for an answer as long as it takes; ours would give up after
/// half a second, so that is switched off.
async fn dial(redis: SocketAddr) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None);
    Client::open(format!("redis://{redis}"))?
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

// ANCHOR: save
/// Keeps the code for 300 seconds, under the name that the browser has chosen.
pub async fn save(redis: SocketAddr, uuid: &str, code: &str) -> RedisResult<()> {
    let mut connection = dial(redis).await?;
    connection.set_ex(uuid, code, 60 * 5).await
}
// ANCHOR_END: save

// ANCHOR: check
/// Returns whether this is the code. If it is, the record is removed.
pub async fn check(redis: SocketAddr, uuid: &str, answer: &str) -> bool {
    let code = look(redis, uuid).await.unwrap_or_default();
    let right = answer == code;
    if right {
        let _ = forget(redis, uuid).await;
    }
    right
}
// ANCHOR_END: check

async fn look(redis: SocketAddr, uuid: &str) -> RedisResult<String> {
    let code: Option<String> = dial(redis).await?.get(uuid).await?;
    Ok(code.unwrap_or_default())
}

async fn forget(redis: SocketAddr, uuid: &str) -> RedisResult<()> {
    dial(redis).await?.del(uuid).await
}
