//! The connection limit of the blocking server, and the deadline of each connection. A thread that is blocked
//! in `read` cannot check a clock or a shutdown signal, so a second thread does both. This list
//! counts the connections, ends those that are too slow, and ends all when the server stops.
//!
//! To interrupt a blocked `read`, the second thread shuts the connection down: then `read` returns 0.
//! (A read timeout on each stream is the other way; the exercise `deadlines` takes it.)

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the deadlines are checked: a connection may be ended so much too late.
const TICK: Duration = Duration::from_millis(20);

/// All open connections of one server, and how many there may be.
#[derive(Debug)]
pub struct ConnectionLimit {
    max: usize,
    list: Mutex<List>,
    /// Notified whenever a connection ends.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct List {
    open: HashMap<u64, Arc<Connection>>,
    next: u64,
    closed: bool,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    deadline: Mutex<Option<Instant>>,
    timed_out: AtomicBool,
}

/// One of the limit's connections. Dropping it ends the connection and makes room for another one.
#[derive(Debug)]
pub struct Permit {
    id: u64,
    connection: Arc<Connection>,
    limit: Arc<ConnectionLimit>,
}

impl ConnectionLimit {
    /// Allows `max` connections at the same time.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(ConnectionLimit {
            max,
            list: Mutex::default(),
            ended: Condvar::new(),
        })
    }

    /// Counts one more connection.
    ///
    /// # Errors
    /// Gives the connection back if the limit is reached or the server is stopping.
    // ANCHOR: acquire
    pub fn acquire(self: &Arc<Self>, stream: TcpStream) -> Result<Permit, TcpStream> {
        let mut list = lock(&self.list);
        if list.open.len() >= self.max || list.closed {
            return Err(stream);
        }
        let id = list.next;
        list.next += 1;
        let connection = Connection {
            stream,
            deadline: Mutex::new(None),
            timed_out: AtomicBool::new(false),
        };
        let connection = Arc::new(connection);
        list.open.insert(id, Arc::clone(&connection));
        Ok(Permit {
            id,
            connection,
            limit: Arc::clone(self),
        })
    }
    // ANCHOR_END: acquire

    /// Ends connections whose deadline is over. Ends all once `shutdown` has a message or lost its sender.
    // ANCHOR: watch
    pub fn watch(&self, shutdown: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = shutdown.recv_timeout(TICK) {
            let now = Instant::now();
            for connection in lock(&self.list).open.values() {
                if lock(&connection.deadline)
                    .take_if(|deadline| *deadline <= now)
                    .is_some()
                {
                    connection.timed_out.store(true, Ordering::SeqCst);
                    // Only the reading half: the reason can still be written.
                    let _ = connection.stream.shutdown(Shutdown::Read);
                }
            }
        }
        let mut list = lock(&self.list);
        list.closed = true;
        for connection in list.open.values() {
            let _ = connection.stream.shutdown(Shutdown::Both);
        }
    }
    // ANCHOR_END: watch

    /// Returns whether the server is stopping.
    pub fn is_closed(&self) -> bool {
        lock(&self.list).closed
    }

    /// Returns when the last conversation has ended.
    pub fn wait_until_empty(&self) {
        let list = lock(&self.list);
        let empty = self.ended.wait_while(list, |list| !list.open.is_empty());
        drop(empty.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Permit {
    /// The TCP stream of this connection.
    pub fn stream(&self) -> &TcpStream {
        &self.connection.stream
    }

    /// Sets the deadline to `time` from now.
    pub fn set_deadline(&self, time: Duration) {
        // A time that is too far away for the clock is no deadline.
        *lock(&self.connection.deadline) = Instant::now().checked_add(time);
    }

    /// Returns whether the connection was ended because its deadline was over.
    pub fn timed_out(&self) -> bool {
        self.connection.timed_out.load(Ordering::SeqCst)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.limit.list).open.remove(&self.id);
        self.limit.ended.notify_all();
    }
}

/// A thread that panicked while it held the lock leaves no half-done change in any of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
