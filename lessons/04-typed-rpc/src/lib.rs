//! What this lesson shows: how the compiler can hold the contract between two programs. One
//! declaration makes a trait, a wrapper that serves whatever implements it, and a stub that
//! implements it as well, by calling. A caller is written against the trait and cannot tell near
//! from far, but for the errors that it must handle. A method that is missing, takes the wrong
//! argument or gives back what cannot be sent is found before the program exists.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 250 lines of code, 20 minutes. The bytes, the connections and the
//! numbers of the calls are those of lesson 02; nothing in here knows of them.
//!
//! 1. `by_hand.rs`: one method, the wrapper that serves it and the stub that calls it, written out
//!    (4 minutes).
//! 2. `error.rs`: what may go wrong in one program, and what only between two (2 minutes).
//! 3. `contract.rs`: the macro that writes trait, wrapper and stub for any contract (5 minutes).
//! 4. `greeter.rs`: the contracts of this lesson, their implementations, and a caller that does not know
//!    whether it calls a stub (4 minutes).
//! 5. `memory.rs`: a connection without a socket, for tests and for two parts of one program (2 minutes).
//! 6. `versions.rs`: two programs that both compile, and do not agree (3 minutes).
// ANCHOR_END: layout
//!
//! `demo/` is the program `l04-typed-rpc`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l04-typed-rpc`.

pub mod by_hand;
pub mod contract;
pub mod error;
pub mod greeter;
pub mod memory;
pub mod versions;

pub use error::Error;
// What is below a contract: its stub calls over a client, its server side is a service. `contract!`
// names both from here, wherever it is used.
pub use l02_rpc::client::Client;
pub use l02_rpc::service::Service;
