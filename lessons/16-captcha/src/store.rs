//! Redis as the store of the captchas: one connection for all callers, made when it is needed first and made
//! again when it is lost.
//!
//! A command whose fate is unknown is never sent again here: a `GETDEL` that was carried out and whose reply
//! got lost would find nothing the second time, and a count would count twice. The caller is told that the
//! store is away, and decides.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisResult, Value};
use tokio::time::timeout;

use crate::rules::{Store, Unavailable};

pub mod commands;
mod scoped;

pub use scoped::Scoped;

#[cfg(not(feature = "mine"))]
use self::commands::{keep, take};
#[cfg(feature = "mine")]
use crate::mine::{keep, take};

/// How long a connection, a reply, and both with all retries may take.
const CONNECT: Duration = Duration::from_millis(500);
const REPLY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a connection is tried again before the callers that wait for it get an error.
const RETRIES: usize = 2;
/// So many commands may wait for the connection before callers do; the default of 50 is for a few of them.
const QUEUE: usize = 1024;

/// A Redis. A clone uses the same connection. It logs when Redis is away, and when it is back.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    away: Arc<AtomicBool>,
}

// ANCHOR: connect
impl Redis {
    /// The Redis at `addr`, which need not be there yet: nothing is sent before the first command. Has to be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// If the client cannot be made of these settings.
    pub fn new(addr: SocketAddr) -> RedisResult<Self> {
        Redis::open(ConnectionAddr::Tcp(addr.ip().to_string(), addr.port()))
    }

    /// Makes a store with more settings of the connection, such as a user and its password.
    ///
    /// # Errors
    /// As for [`Redis::new`].
    pub fn open(info: impl IntoConnectionInfo) -> RedisResult<Self> {
        let info = info.into_connection_info()?;
        // RESP3 tells the manager at once that a connection is lost, so that it makes a new one before the
        // next command needs it.
        let redis = info.redis_settings().clone();
        let info = info.set_redis_settings(redis.set_protocol(redis::ProtocolVersion::RESP3));
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(REPLY))
            .set_number_of_retries(RETRIES)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(100))
            .set_pipeline_buffer_size(QUEUE);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(info)?, config)?;
        Ok(Redis {
            connection,
            away: Arc::default(),
        })
    }
    // ANCHOR_END: connect

    // ANCHOR: ask
    /// Sends a command, and waits for its reply no longer than we are patient.
    ///
    /// # Errors
    /// [`Unavailable`]; the command may have run.
    pub async fn ask<T, F>(&self, send: impl Fn(ConnectionManager) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let work = async {
            match send(self.connection.clone()).await {
                // No server received the command, so it has not run. The manager may have answered from
                // memory; now it tries again.
                Err(error) if error.is_connection_refusal() => send(self.connection.clone()).await,
                // After every other failure it is unknown whether the command has run.
                outcome => outcome,
            }
        };
        let words = match timeout(PATIENCE, work).await {
            Ok(Ok(reply)) => {
                if self.away.swap(false, Ordering::Relaxed) {
                    tracing::info!("redis: back");
                }
                return Ok(reply);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no reply within {PATIENCE:?}"),
        };
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!("redis: away: {words}");
        }
        Err(Unavailable)
    }
    // ANCHOR_END: ask
}

/// What `SET` has written, which is a bulk string or nothing. The crate would make text of a number as well: of a
/// store that answers `:1` to each command, too.
fn written(reply: Value) -> RedisResult<Option<String>> {
    match reply {
        Value::Nil | Value::BulkString(_) => Ok(redis::from_redis_value(reply)?),
        _ => Err((ErrorKind::UnexpectedReturnType, "not a reply to GET").into()),
    }
}

// ANCHOR: store
impl Store for Redis {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Unavailable> {
        self.ask(|redis| keep(redis, key, value, seconds)).await
    }

    async fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, Unavailable> {
        // NX and GET together: since Redis 7.
        let mut set = redis::cmd("SET");
        set.arg(key).arg(value).arg("NX").arg("GET");
        set.arg("EX").arg(seconds);
        let set = &set;
        self.ask(|mut redis| async move { written(set.query_async(&mut redis).await?) })
            .await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Unavailable> {
        let get = &redis::Cmd::get(key);
        self.ask(|mut redis| async move { written(get.query_async(&mut redis).await?) })
            .await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Unavailable> {
        self.ask(|redis| take(redis, key)).await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Unavailable> {
        // A counter without an expiry would lock a visitor out permanently, so both commands run, or
        // neither; and only the first attempt sets the expiry.
        let mut both = redis::pipe();
        both.atomic();
        both.cmd("SET").arg(key).arg(0).arg("NX");
        both.arg("EX").arg(seconds).ignore();
        both.incr(key, 1);
        let both = &both;
        let (count,) = self
            .ask(|mut redis| async move { both.query_async::<(u64,)>(&mut redis).await })
            .await?;
        Ok(count)
    }
}
// ANCHOR_END: store
