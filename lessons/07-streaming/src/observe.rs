//! Events of the calls: the demo prints them, and the tests count them. The service does not read them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that happened in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The call has reached its method.
    Began,
    /// The server has produced the reply with this number. It may not be sent yet.
    Produced(u32),
    /// The server has received the request with this number.
    Received(u32),
    /// The client has finished sending (half-close). It may still read.
    HalfClosed,
    /// The client has cancelled the call, or its connection is lost.
    Cancelled,
    /// The call has ended with OK.
    Done,
    /// The server has ended the call with an error, which has this message.
    Refused(String),
}

/// Gets every event of every call, with the call's number and method.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    calls: AtomicU64,
    report: Box<dyn Fn(u64, &'static str, Event) + Send + Sync>,
}

impl Observer {
    /// Makes an observer that calls a function for each event.
    pub fn new(report: impl Fn(u64, &'static str, Event) + Send + Sync + 'static) -> Self {
        Observer(Arc::new(Inner {
            calls: AtomicU64::new(0),
            report: Box::new(report),
        }))
    }

    /// Reports that a call begins.
    pub(crate) fn call(&self, method: &'static str) -> Call {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let call = Call {
            observer: self.clone(),
            number,
            method,
        };
        call.report(Event::Began);
        call
    }
}

/// Ignores all events.
impl Default for Observer {
    fn default() -> Self {
        Observer::new(|_, _, _| {})
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// A call whose events are reported.
pub(crate) struct Call {
    observer: Observer,
    number: u64,
    method: &'static str,
}

impl Call {
    pub(crate) fn report(&self, event: Event) {
        (self.observer.0.report)(self.number, self.method, event);
    }
}
