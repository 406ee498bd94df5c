//! The learner's code on a thread of its own, so that an answer that never returns is a sentence
//! and not a frozen terminal. A thread cannot be stopped from outside: one that hangs stays until
//! the process of the check ends, which is soon.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Case, On, Peer, View};

/// A function that runs.
pub struct Running<'c, T> {
    case: &'c Case,
    name: String,
    since: Instant,
    result: mpsc::Receiver<T>,
    /// Taken out of the channel by [`Running::has_returned`].
    early: RefCell<Option<T>>,
}

impl<'c, T: Send + 'static> Running<'c, T> {
    pub(crate) fn start(
        case: &'c Case,
        name: &str,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        let (done, result) = mpsc::channel();
        on_a_thread(move || {
            // The receiver may be gone; then the value has no use.
            let _ = done.send(function());
        });
        Running {
            case,
            name: name.to_string(),
            since: Instant::now(),
            result,
            early: RefCell::new(None),
        }
    }

    /// Returns whether the function has returned by now.
    pub fn has_returned(&self) -> bool {
        let mut early = self.early.borrow_mut();
        if early.is_none() {
            *early = self.result.try_recv().ok();
        }
        early.is_some()
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Waits for the function, and returns its value. Fails if it has not returned within `limit`,
    /// counted from now.
    #[track_caller]
    pub fn within(self, limit: Duration, advice: &str) -> T {
        if let Some(value) = self.early.take() {
            return value;
        }
        match self.result.recv_timeout(limit) {
            Ok(value) => value,
            Err(RecvTimeoutError::Timeout) => {
                let (wanted, so_far) = (limit.view(), self.since.elapsed().view());
                self.case.differ(
                    format!("`{}` returns within {wanted}", self.name),
                    format!("still running after {so_far}"),
                    advice,
                )
            }
            Err(RecvTimeoutError::Disconnected) => self.case.differ(
                format!("`{}` returns", self.name),
                "its thread ended without a value",
                "The function panicked; the message above says where.",
            ),
        }
    }
}

/// The learner's server, running.
pub struct Serving<'c> {
    case: &'c Case,
    addr: SocketAddr,
}

impl<'c> Serving<'c> {
    pub(crate) fn new(case: &'c Case, addr: SocketAddr) -> Self {
        Serving { case, addr }
    }

    /// Returns the address of the server.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A new client of it.
    #[track_caller]
    pub fn connect(&self) -> Peer<'c> {
        self.case.connect(self.addr, &[])
    }

    /// A new client, with a better sentence for the case that it is refused.
    #[track_caller]
    pub fn connect_or(&self, better: &[On]) -> Peer<'c> {
        self.case.connect(self.addr, better)
    }
}

/// Starts a thread. Its panic is noticed by the hook, so it need not be joined.
pub(crate) fn on_a_thread(body: impl FnOnce() + Send + 'static) {
    drop(thread::spawn(body));
}
