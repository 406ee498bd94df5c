//! One client of a cluster: it knows all servers, prefers the one that answered last, and asks
//! another when that one is away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// The default port of etcd.
pub const PORT: u16 = 2379;

/// A server that is asked on a connection whose other end is silent is asked whether it lives after
/// this time. etcd ends connections whose clients ask more often than every five seconds
/// (`--grpc-keepalive-min-time`).
const PING: Duration = Duration::from_secs(6);
/// The time for its answer.
const PONG: Duration = Duration::from_secs(3);

/// The longest answer that is taken: more than all services of a large company.
pub(super) const MESSAGE: usize = 16 << 20;

/// Why a call has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No server has answered in time, or none that could do it: without a leader nothing is
    /// written. What the last one has met.
    #[error("etcd is away: {0}")]
    Away(String),
    /// etcd has answered, and will not do it.
    #[error("etcd refuses: {0}")]
    Refused(String),
    /// There is no such lease: its time is over.
    #[error("etcd has no such lease")]
    NoLease,
    /// The answer makes no sense.
    #[error("etcd answers nonsense: {0}")]
    Nonsense(String),
}

/// A client of a cluster. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct Client {
    servers: Arc<Servers>,
    timeout: Duration,
}

#[derive(Debug)]
struct Servers {
    /// At least one.
    all: Vec<(SocketAddr, Channel)>,
    /// The one that is asked first.
    current: AtomicUsize,
}

impl Client {
    /// For the cluster whose members serve clients at `addresses`; one alone at the usual port if
    /// there are none. Each call, all attempts together, takes `timeout` at most. Nothing is
    /// connected yet. Has to be called within a tokio runtime.
    pub fn new(addresses: &[SocketAddr], timeout: Duration) -> Self {
        let usual = [SocketAddr::from(([127, 0, 0, 1], PORT))];
        let addresses = if addresses.is_empty() {
            &usual
        } else {
            addresses
        };
        let all = addresses
            .iter()
            .map(|addr| (*addr, channel(*addr, timeout)));
        Client {
            servers: Arc::new(Servers {
                all: all.collect(),
                current: AtomicUsize::new(0),
            }),
            timeout,
        }
    }

    /// Returns the deadline of a call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    // ANCHOR: call
    /// Makes a call, on one server after the other until one has answered. Each gets its share of
    /// the time that is left, so that one that is silent does not use up that of the others. The
    /// same call may arrive twice: the caller makes sure that this does no harm.
    pub(super) async fn call<T, F>(&self, ask: impl Fn(Channel) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let until = Instant::now() + self.timeout;
        let count = self.servers.all.len();
        let first = self.servers.current.load(Ordering::Relaxed);
        let mut last = None;
        for attempt in 0..count {
            let place = (first + attempt) % count;
            let (addr, channel) = &self.servers.all[place];
            let left = until.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(count - attempt).unwrap_or(u32::MAX);
            let error = match timeout(share, ask(channel.clone())).await {
                Ok(Ok(answer)) => {
                    self.servers.current.store(place, Ordering::Relaxed);
                    return Ok(answer);
                }
                Ok(Err(status)) => sorted(*addr, &status),
                Err(_) => Error::Away(format!(
                    "no answer from {addr} within {} ms",
                    share.as_millis()
                )),
            };
            match error {
                Error::Away(_) => last = Some(error),
                other => return Err(other),
            }
        }
        Err(last.unwrap_or_else(|| Error::Away("there is no server".to_string())))
    }
    // ANCHOR_END: call

    /// The server for a stream, and its place in the list.
    pub(super) fn current(&self) -> (usize, SocketAddr, Channel) {
        let place = self.servers.current.load(Ordering::Relaxed) % self.servers.all.len();
        let (addr, channel) = &self.servers.all[place];
        (place, *addr, channel.clone())
    }

    /// The server at `place` is unavailable: the next call tries another one first.
    pub(super) fn avoid(&self, place: usize) {
        let next = (place + 1) % self.servers.all.len();
        let current = &self.servers.current;
        // If it is another one already, another call was faster.
        let _ = current.compare_exchange(place, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Returns the number of servers.
    pub(super) fn servers(&self) -> usize {
        self.servers.all.len()
    }
}

fn channel(addr: SocketAddr, timeout: Duration) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"));
    endpoint
        .expect("an IP address and a port are a valid URI")
        .connect_timeout(timeout)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .connect_lazy()
}

/// A request to a server that must be able to reach the leader: one that is cut off from the others
/// answers UNAVAILABLE then, and ends streams, where it would else be silent without limit.
pub(super) fn with_leader<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let yes = MetadataValue::from_static("true");
    request.metadata_mut().insert("hasleader", yes);
    request
}

/// Sorts a status by what a caller can do. The words of etcd's errors are in its
/// `rpctypes/error.go`.
pub(super) fn sorted(addr: SocketAddr, status: &Status) -> Error {
    // A page of words is kept as a line.
    let words: String = status.message().chars().take(200).collect();
    match status.code() {
        // UNAVAILABLE is also what etcd says without a leader, and after one has been lost. The
        // others are what is told of connections that break.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            Error::Away(format!("{addr}: {words}"))
        }
        Code::Unknown | Code::Internal if !words.contains("etcdserver") => {
            Error::Away(format!("{addr}: {words}"))
        }
        Code::NotFound if words.contains("lease not found") => Error::NoLease,
        code => Error::Refused(format!("{addr}: {words} ({code:?})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_work_elsewhere_or_later_is_told_from_what_will_not() {
        let addr = SocketAddr::from(([127, 0, 0, 1], PORT));
        let say = |code, words: &str| sorted(addr, &Status::new(code, words));
        let away = |error| matches!(error, Error::Away(_));
        let refused = |error| matches!(error, Error::Refused(_));
        assert!(away(say(Code::Unavailable, "etcdserver: no leader")));
        assert!(away(say(Code::Unknown, "transport error")));
        assert!(away(say(Code::Internal, "h2 protocol error")));
        assert!(refused(say(
            Code::ResourceExhausted,
            "etcdserver: mvcc: database space exceeded"
        )));
        assert!(refused(say(
            Code::InvalidArgument,
            "etcdserver: key is not provided"
        )));
        let lease = "etcdserver: requested lease not found";
        assert_eq!(say(Code::NotFound, lease), Error::NoLease);
    }
}
