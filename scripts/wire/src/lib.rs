//! The view on the wire: a program between a client and a server that forwards every byte
//! untouched and tells on the screen what crossed, in which direction, when, and what it means.
//!
//! # Layout
//!
//! The path of a byte comes first, the path of its picture second; the two touch in one place.
//!
//! * [`options`] reads the command line, [`address`] its addresses and what can be wrong with them.
//! * [`proxy`] accepts clients, connects each to the server and counts.
//! * [`forward`] carries one connection: bytes, half-close, reset, backpressure.
//! * [`chaos`] is the wire that misbehaves on purpose; it only says what to do, `forward` does it.
//! * [`control`] turns chaos on and off while the wire runs.
//! * [`view`] gives bytes a meaning, one file a view, all behind one small trait.
//! * [`schema`] knows the types of protobuf messages: from .proto files or from the server.
//! * [`event`] is what a view or the forwarding has to say, before it has a form.
//! * [`screen`] takes events in a bounded queue and writes them: pretty, plain or JSON.
//! * [`escape`] makes what a peer sent harmless for a terminal.

pub mod address;
pub mod chaos;
pub mod control;
pub mod escape;
pub mod event;
pub mod forward;
pub mod options;
pub mod proxy;
pub mod schema;
pub mod screen;
pub mod view;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what no code panics with; so a poisoned lock is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
