//! What happens in a call, for the demo, which tells it, and for tests, which count it. The service
//! itself does not care.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The call has reached its method.
    Began,
    /// The server has made a message, the so-manieth. It has not been sent for that.
    Made(u32),
    /// A message of the caller was read, the so-manieth.
    Heard(u32),
    /// The caller has finished sending. It may still be reading.
    Finished,
    /// The caller is gone: it has cancelled, or its connection is lost.
    Left,
    /// The call is over, and it went well.
    Done,
    /// The call was ended by the server, with these words.
    Refused(String),
}

/// Gets every event of every call, with the call's number and method.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    calls: AtomicU64,
    tell: Box<dyn Fn(u64, &'static str, Event) + Send + Sync>,
}

impl Watch {
    /// Tells everything to a function.
    pub fn new(tell: impl Fn(u64, &'static str, Event) + Send + Sync + 'static) -> Self {
        Watch(Arc::new(Inner {
            calls: AtomicU64::new(0),
            tell: Box::new(tell),
        }))
    }

    /// A call begins.
    pub(crate) fn call(&self, method: &'static str) -> Call {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let call = Call {
            watch: self.clone(),
            number,
            method,
        };
        call.tell(Event::Began);
        call
    }
}

/// Events go nowhere.
impl Default for Watch {
    fn default() -> Self {
        Watch::new(|_, _, _| {})
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A call that is watched.
pub(crate) struct Call {
    watch: Watch,
    number: u64,
    method: &'static str,
}

impl Call {
    pub(crate) fn tell(&self, event: Event) {
        (self.watch.0.tell)(self.number, self.method, event);
    }
}
