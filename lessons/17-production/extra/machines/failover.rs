//! The store of the captchas on a Redis that fails over: Sentinel says which server is the primary, and an answer counts only
//! when another server has it, too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisResult};
use l16_captcha::rules::{Store, Unavailable};
use l16_captcha::store::Redis;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::redis::{GROUP, Login, PREFIX};

/// The time for one Sentinel or one Redis to answer.
const ANSWER: Duration = Duration::from_millis(500);
/// So long a failed search is not repeated, so that a thousand callers do not ask a thousand times.
const PAUSE: Duration = Duration::from_millis(100);
/// So many replicas must have a deletion, within this time in milliseconds. With 2 no captcha could be solved while a machine is
/// dead.
const REPLICAS: u32 = 1;
const REPLICATED: u32 = 500;

/// A store. A clone shares the connection.
#[derive(Clone, Debug)]
pub struct Failover(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sentinels: Vec<SocketAddr>,
    finder: Login,
    captcha: Login,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    primary: Option<(SocketAddr, Redis)>,
    failed: Option<Instant>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addr = self.primary.as_ref().map(|(addr, _)| addr);
        f.debug_tuple("Found").field(&addr).finish()
    }
}

impl Failover {
    /// A store that asks these Sentinels when it needs a connection.
    pub fn new(sentinels: Vec<SocketAddr>, finder: Login, captcha: Login) -> Self {
        Failover(Arc::new(Inner {
            sentinels,
            finder,
            captcha,
            found: Mutex::default(),
        }))
    }

    // ANCHOR: primary
    /// The primary: the last one that was found, or else the one that the first Sentinel with an answer names, if it says itself
    /// that it is one.
    async fn primary(&self) -> Result<(SocketAddr, Redis), Unavailable> {
        let mut found = self.0.found.lock().await;
        if let Some(primary) = &found.primary {
            return Ok(primary.clone());
        }
        if found.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Err(Unavailable);
        }
        for sentinel in &self.0.sentinels {
            let Ok(Ok(addr)) = timeout(ANSWER, find(*sentinel, &self.0.finder)).await else {
                continue;
            };
            if let Ok(Ok(())) = timeout(ANSWER, is_primary(addr, &self.0.captcha)).await {
                let info = self.0.captcha.at(addr).map_err(|_| Unavailable)?;
                let primary = (addr, Redis::open(info).map_err(|_| Unavailable)?);
                tracing::info!("the primary is {addr}");
                found.primary = Some(primary.clone());
                return Ok(primary);
            }
        }
        found.failed = Some(Instant::now());
        Err(Unavailable)
    }

    /// A command on the primary. After a failure the next one looks for the primary again; this one is not repeated, because it
    /// may have run.
    async fn on<T, F>(&self, command: impl FnOnce(Redis) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, Unavailable>>,
    {
        let (addr, redis) = self.primary().await?;
        let outcome = command(redis).await;
        if outcome.is_err() {
            let mut found = self.0.found.lock().await;
            if found.primary.as_ref().is_some_and(|(at, _)| *at == addr) {
                found.primary = None;
            }
        }
        outcome
    }
    // ANCHOR_END: primary
}

async fn connect(addr: SocketAddr, login: &Login) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER));
    let client = Client::open(login.at(addr)?)?;
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// Asks a Sentinel for the address of the primary.
///
/// # Errors
/// If it does not answer, or names none.
pub async fn find(sentinel: SocketAddr, login: &Login) -> anyhow::Result<SocketAddr> {
    let mut connection = connect(sentinel, login).await?;
    let mut command = ::redis::cmd("SENTINEL");
    command.arg("get-master-addr-by-name").arg(GROUP);
    let (ip, port): (String, u16) = command.query_async(&mut connection).await?;
    Ok(SocketAddr::new(ip.parse()?, port))
}

/// Returns whether this Sentinel knows both replicas and both other Sentinels. Before, a failover could leave a
/// replica behind: a Sentinel learns of a new one within ten seconds only.
///
/// # Errors
/// If it does not answer.
pub async fn knows_all(sentinel: SocketAddr, login: &Login) -> anyhow::Result<bool> {
    let mut connection = connect(sentinel, login).await?;
    let mut command = ::redis::cmd("SENTINEL");
    command.arg("master").arg(GROUP);
    let facts: std::collections::HashMap<String, String> =
        command.query_async(&mut connection).await?;
    let two = |name: &str| facts.get(name).is_some_and(|count| count == "2");
    Ok(two("num-slaves") && two("num-other-sentinels"))
}

/// A Sentinel may be behind: during a failover it names the old primary for a while.
async fn is_primary(addr: SocketAddr, login: &Login) -> anyhow::Result<()> {
    let mut connection = connect(addr, login).await?;
    let role: ::redis::Value = ::redis::cmd("ROLE").query_async(&mut connection).await?;
    let first = match role {
        ::redis::Value::Array(parts) => parts.into_iter().next(),
        _ => None,
    };
    let role = first.and_then(|first| ::redis::from_redis_value::<String>(first).ok());
    anyhow::ensure!(
        role.as_deref() == Some("master"),
        "{addr} is not the primary"
    );
    Ok(())
}

fn key(key: &str) -> String {
    format!("{PREFIX}{key}")
}

impl Store for Failover {
    async fn keep(&self, name: &str, value: &str, seconds: u64) -> Result<(), Unavailable> {
        self.on(async |redis: Redis| redis.keep(&key(name), value, seconds).await)
            .await
    }

    async fn keep_new(
        &self,
        name: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, Unavailable> {
        self.on(async |redis: Redis| redis.keep_new(&key(name), value, seconds).await)
            .await
    }

    async fn look(&self, name: &str) -> Result<Option<String>, Unavailable> {
        self.on(async |redis: Redis| redis.look(&key(name)).await)
            .await
    }

    // ANCHOR: take
    /// Replication is asynchronous: a primary that dies right after `GETDEL` may leave replicas that still have the captcha, and
    /// the same answer would be accepted a second time. So the answer counts only if a replica has the deletion. `WAIT` is
    /// about the connection that it comes on, so both travel together.
    async fn take(&self, name: &str) -> Result<Option<String>, Unavailable> {
        let mut both = ::redis::pipe();
        both.cmd("GETDEL").arg(key(name));
        both.cmd("WAIT").arg(REPLICAS).arg(REPLICATED);
        let both = &both;
        let take = async |redis: Redis| {
            let ask = |mut redis| async move { both.query_async(&mut redis).await };
            redis.ask::<(Option<String>, u32), _>(ask).await
        };
        match self.on(take).await? {
            (None, _) => Ok(None),
            (Some(_), 0) => Err(Unavailable),
            (value, _) => Ok(value),
        }
    }
    // ANCHOR_END: take

    async fn count(&self, name: &str, seconds: u64) -> Result<u64, Unavailable> {
        self.on(async |redis: Redis| redis.count(&key(name), seconds).await)
            .await
    }
}
