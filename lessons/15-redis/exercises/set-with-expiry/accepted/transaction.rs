//! Accepted: a transaction. EXEC runs SET and EXPIRE in one step, or none of them.

use redis::RedisResult;
use redis::aio::ConnectionManager;

pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let invalid = || redis::RedisError::from((redis::ErrorKind::InvalidClientConfig, "seconds"));
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(invalid)?;
    let mut both = redis::pipe();
    both.atomic().set(key, value).expire(key, seconds);
    both.exec_async(&mut redis).await
}
