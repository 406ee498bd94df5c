//! Stage 14: a counter in Redis.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};

/// The time to live of the counter, in seconds, from its first greeting on.
const EXPIRY: u64 = 60;

/// One connection for all calls. It connects when it is used first, and again after an error.
#[derive(Clone)]
pub struct Counter(ConnectionManager);

impl Counter {
    /// For the Redis at `addr`.
    pub fn new(addr: &str) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(300)))
            .set_response_timeout(Some(Duration::from_millis(300)))
            .set_number_of_retries(0);
        let client = Client::open(format!("redis://{addr}/"))?;
        ConnectionManager::new_lazy_with_config(client, config).map(Self)
    }

    /// Counts one greeting, and returns its number.
    pub async fn count(&self) -> RedisResult<u64> {
        // Both in one transaction: the key never is without its expiry, and INCR keeps it.
        let mut both = redis::pipe();
        both.atomic();
        both.cmd("SET").arg("greetings").arg(0);
        both.arg("EX").arg(EXPIRY).arg("NX").ignore();
        both.cmd("INCR").arg("greetings");
        let (number,) = both.query_async(&mut self.0.clone()).await?;
        Ok(number)
    }
}
