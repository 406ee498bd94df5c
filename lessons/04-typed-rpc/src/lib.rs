//! What this lesson shows: how the compiler can hold the contract between two programs. One
//! declaration makes a trait, a wrapper that serves whatever implements it, and a stub that
//! implements it as well, by calling. A caller is written against the trait and cannot tell near
//! from far, but for the errors that it must handle. A method that is missing, takes the wrong
//! argument or gives back what cannot be sent is found before the program exists.
//!
//! # Layout
//!
//! * [`by_hand`]: one method, its wrapper and its stub, written out. Begin here.
//! * [`contract`]: the macro that writes the same for any trait, and nothing more.
//! * [`error`]: what may go wrong near, and what only far.
//! * [`greeter`]: the contracts of this lesson, who fulfils them, and a caller who does not know where.
//! * [`memory`]: a connection without a socket, for tests and for two parts of one program.
//! * [`versions`]: two programs that both compile, and do not agree.
//!
//! The bytes, the connections and the numbers of the calls are those of lesson 02; nothing in here
//! knows of them. `main.rs` is the command line; `demo.rs`, `peer.rs` and `measure.rs` belong to
//! it. Try `cargo run -p l04-typed-rpc`.

pub mod by_hand;
pub mod contract;
pub mod error;
pub mod greeter;
pub mod memory;
pub mod versions;

pub use error::Error;
/// The calls below the contract. [`contract!`] names them by this path, wherever it is used.
#[doc(hidden)]
pub mod __private {
    pub use l02_rpc::{client, message, server, service};
}
