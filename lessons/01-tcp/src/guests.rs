//! The open connections of the blocking server. A thread that waits in `read` cannot look at a clock
//! and hears no call to stop, so another thread must do both for it. That is what this list is for:
//! it counts the clients, ends the connection of a slow one, and of all when the server stops.
//!
//! The way to wake a thread out of `read` is to shut its connection down: then `read` returns 0.
//! (A read timeout on each stream is the other way; the exercise `deadlines` goes it.)

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the clock is looked at: a deadline is noticed this much late at most.
const TICK: Duration = Duration::from_millis(20);

/// All open connections of one server.
#[derive(Debug)]
pub struct Guests {
    most: usize,
    list: Mutex<List>,
    /// Notified whenever a connection ends.
    left: Condvar,
}

#[derive(Debug, Default)]
struct List {
    open: HashMap<u64, Arc<Guest>>,
    next: u64,
    closed: bool,
}

#[derive(Debug)]
struct Guest {
    stream: TcpStream,
    until: Mutex<Option<Instant>>,
    overdue: AtomicBool,
}

/// A place at the table, for as long as this value lives.
#[derive(Debug)]
pub struct Seat {
    id: u64,
    guest: Arc<Guest>,
    guests: Arc<Guests>,
}

impl Guests {
    /// Room for so many clients at the same time.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Guests {
            most,
            list: Mutex::default(),
            left: Condvar::new(),
        })
    }

    /// A seat for one more connection.
    ///
    /// # Errors
    ///
    /// Gives the connection back if all seats are taken.
    // ANCHOR: seat
    pub fn seat(self: &Arc<Self>, stream: TcpStream) -> Result<Seat, TcpStream> {
        let mut list = lock(&self.list);
        if list.open.len() >= self.most || list.closed {
            return Err(stream);
        }
        let id = list.next;
        list.next += 1;
        let guest = Guest {
            stream,
            until: Mutex::new(None),
            overdue: AtomicBool::new(false),
        };
        let guest = Arc::new(guest);
        list.open.insert(id, Arc::clone(&guest));
        Ok(Seat {
            id,
            guest,
            guests: Arc::clone(self),
        })
    }
    // ANCHOR_END: seat

    /// Ends slow connections, until something comes from `shutdown` or its sender is gone. Then all.
    // ANCHOR: watch
    pub fn watch(&self, shutdown: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = shutdown.recv_timeout(TICK) {
            let now = Instant::now();
            for guest in lock(&self.list).open.values() {
                if lock(&guest.until).take_if(|until| *until <= now).is_some() {
                    guest.overdue.store(true, Ordering::SeqCst);
                    // Only the reading half: the reason can still be written.
                    let _ = guest.stream.shutdown(Shutdown::Read);
                }
            }
        }
        let mut list = lock(&self.list);
        list.closed = true;
        for guest in list.open.values() {
            let _ = guest.stream.shutdown(Shutdown::Both);
        }
    }
    // ANCHOR_END: watch

    /// Whether the server is stopping.
    pub fn closed(&self) -> bool {
        lock(&self.list).closed
    }

    /// Returns when the last conversation has ended.
    pub fn wait_until_empty(&self) {
        let list = lock(&self.list);
        let empty = self.left.wait_while(list, |list| !list.open.is_empty());
        drop(empty.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Seat {
    /// The connection of this seat.
    pub fn stream(&self) -> &TcpStream {
        &self.guest.stream
    }

    /// Gives the client so much time from now on.
    pub fn allow(&self, time: Duration) {
        // A time that is too far away for the clock is no deadline.
        *lock(&self.guest.until) = Instant::now().checked_add(time);
    }

    /// Whether the connection was ended because time was up.
    pub fn overdue(&self) -> bool {
        self.guest.overdue.load(Ordering::SeqCst)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.guests.list).open.remove(&self.id);
        self.guests.left.notify_all();
    }
}

/// A thread that panicked while it held the lock leaves no half-done change in any of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
