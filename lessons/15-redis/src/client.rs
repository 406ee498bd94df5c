//! One connection for a whole program: shared by all its tasks, with timeouts, and made anew when it is lost.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};

/// The time limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the reply to a command.
    pub reply: Duration,
    /// How often a lost connection is tried again before the commands that wait for it get the error.
    pub tries: usize,
}

impl Default for Timeouts {
    /// A second for each: a user of a web page waits that long.
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(1),
            reply: Duration::from_secs(1),
            tries: 2,
        }
    }
}

/// Connects to the Redis at `addr`.
///
/// One connection is enough for a whole program: clones of it are cheap, and all of them share it.
///
/// # Errors
/// If no server answers there in time.
// ANCHOR: connect
pub async fn connect(addr: SocketAddr, timeouts: Timeouts) -> RedisResult<ConnectionManager> {
    let client = Client::open(format!("redis://{addr}/"))?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(timeouts.connect))
        .set_response_timeout(Some(timeouts.reply))
        .set_number_of_retries(timeouts.tries)
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_millis(200));
    ConnectionManager::new_with_config(client, config).await
}
// ANCHOR_END: connect

/// Returns whether the command may have run although there is no reply: the connection was lost, or the time
/// was over. With any other error Redis has answered.
pub fn may_have_run(error: &redis::RedisError) -> bool {
    error.is_io_error() && !error.is_connection_refusal()
}
