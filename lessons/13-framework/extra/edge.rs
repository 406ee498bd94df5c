//! An HTTP server for the edge of a network, where browsers connect: lessons 14 and 16 serve with it. The
//! server of axum accepts any number of connections and waits for a header without a limit; this one has
//! limits for both. One address cannot take all connections, and idle ones make room for others. It answers only to
//! its own names, against DNS rebinding.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
pub use stage::hosts::Hosts;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// The limits of the server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// So many connections. If all are taken, the one that has been idle the longest is closed for a new one; while none is
    /// idle, others wait in the system's queue.
    pub connections: usize,
    /// So many connections from one address. One more closes the one of them that has been idle the longest.
    pub per_address: usize,
    /// The time until the head of the first request: a connection that says nothing is closed then.
    pub first: Duration,
    /// The time for the head of each further request on the same connection.
    pub head: Duration,
    /// All headers of a request, in bytes; 8,192 at least.
    pub headers: usize,
    /// How long requests may go on after the server was asked to end.
    pub grace: Duration,
    /// The names that it answers to; a request for another one gets 421.
    pub hosts: Hosts,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1000,
            per_address: 250,
            first: Duration::from_secs(3),
            head: Duration::from_secs(10),
            headers: 64 << 10,
            grace: Duration::from_secs(10),
            hosts: Hosts::default(),
        }
    }
}

/// Serves until `shutdown` is ready; requests under way are finished first, within the grace. Each
/// request is told the address of its peer.
///
/// # Errors
/// None at present. A connection that breaks is the browser's affair.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = Arc::new(Open::default());
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            // The place first: a connection that finds none costs nothing here.
            let place = place(&places, &open).await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // Out of file handles, most likely: some will come free.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Some(entry) = open.add(peer.ip(), limits.per_address) else {
            continue;
        };
        let connection = connection(
            stream,
            peer,
            router.clone(),
            limits.clone(),
            ending.clone(),
            entry,
        );
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = end.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Who is left then is cut off, when the set is dropped.
    let _ = timeout(limits.grace, all).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut ending: watch::Receiver<bool>,
    entry: Entry,
) {
    // Small answers that wait for each other's acknowledgements would cost 40 ms each.
    drop(stream.set_nodelay(true));
    let one = Arc::clone(&entry.one);
    let hosts = limits.hosts;
    let service = service_fn(move |request: Request<Incoming>| {
        let busy = Busy::begin(&one);
        let refused = hosts.check(&request).err();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            let answer = match refused {
                Some(refused) => {
                    let mut answer = Response::new(Body::from(format!("{refused}\n")));
                    *answer.status_mut() = refused.status();
                    Ok(answer)
                }
                None => router.oneshot(request).await,
            };
            drop(busy);
            answer
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        // hyper panics below that.
        .max_buf_size(limits.headers.max(8 << 10));
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    let silent = async {
        sleep(limits.first).await;
        if entry.one.state().asked {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = serving.as_mut() => return drop(served),
        () = silent => return,
        // It was idle a moment ago; a request that came since then is finished first.
        () = entry.one.close.notified() => match entry.one.state().busy {
            0 => return,
            _ => serving.as_mut().graceful_shutdown(),
        },
        _ = ending.wait_for(|ending| *ending) => serving.as_mut().graceful_shutdown(),
    }
    drop(serving.await);
}

/// A connection that has been idle for less than this is not closed for another address: its request may be on its way.
const IDLE: Duration = Duration::from_millis(500);

/// A place for one more connection. While there is none, the connection that has been idle the longest is closed.
async fn place(places: &Arc<Semaphore>, open: &Open) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        open.close_oldest(|one| one.state().since.elapsed() >= IDLE);
        let place = timeout(IDLE / 10, Arc::clone(places).acquire_owned());
        if let Ok(place) = place.await {
            return place.ok();
        }
    }
}

/// All open connections.
#[derive(Default)]
struct Open(Mutex<Vec<Arc<One>>>);

/// One connection.
struct One {
    address: IpAddr,
    state: Mutex<State>,
    close: Notify,
}

struct State {
    /// Requests under way.
    busy: usize,
    /// Whether a request has come at all.
    asked: bool,
    /// Since when it is idle, if it is.
    since: Instant,
}

impl One {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<One>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection. `None` if its address has too many, and none of them is idle.
    fn add(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Entry> {
        let same = |one: &One| one.address == address;
        let count = self.all().iter().filter(|one| same(one)).count();
        if count >= most && !self.close_oldest(same) {
            return None;
        }
        let one = Arc::new(One {
            address,
            state: Mutex::new(State {
                busy: 0,
                asked: false,
                since: Instant::now(),
            }),
            close: Notify::new(),
        });
        self.all().push(Arc::clone(&one));
        let open = Arc::clone(self);
        Some(Entry { one, open })
    }

    /// Closes the connection that has been idle the longest of those that `fit`. Whether there was one.
    fn close_oldest(&self, fit: impl Fn(&One) -> bool) -> bool {
        let mut all = self.all();
        let idle = all.iter().enumerate();
        let idle = idle.filter(|(_, one)| fit(one) && one.state().busy == 0);
        let oldest = idle.min_by_key(|(_, one)| one.state().since);
        let Some(index) = oldest.map(|(index, _)| index) else {
            return false;
        };
        all.swap_remove(index).close.notify_one();
        true
    }
}

/// The entry of an open connection, which ends with it.
struct Entry {
    one: Arc<One>,
    open: Arc<Open>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.open.all().retain(|one| !Arc::ptr_eq(one, &self.one));
    }
}

/// A request under way.
struct Busy(Arc<One>);

impl Busy {
    fn begin(one: &Arc<One>) -> Self {
        let mut state = one.state();
        state.busy += 1;
        state.asked = true;
        drop(state);
        Busy(Arc::clone(one))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy -= 1;
        state.since = Instant::now();
    }
}
