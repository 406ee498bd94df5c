//! This lesson shows how the compiler checks the contract between two programs. One declaration makes a
//! trait, a wrapper that serves any implementation of it, and a stub that implements it by calling. A
//! caller is written against the trait, so it works with a local and with a remote implementation. The
//! compiler rejects a method that is missing, takes the wrong argument or returns a value that cannot be
//! sent.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 250 lines of code, 20 minutes. The bytes, the connections and the
//! numbers of the calls come from lesson 02, whose code is not repeated here.
//!
//! 1. `by_hand.rs`: one method, the wrapper that serves it and the stub that calls it, written out
//!    (4 minutes).
//! 2. `error.rs`: errors of a method, and errors of the connection (2 minutes).
//! 3. `contract.rs`: the macro that writes trait, wrapper and stub for any contract (5 minutes).
//! 4. `greeter.rs`: the contracts of this lesson, their implementations, and a caller that works
//!    locally and remotely (4 minutes).
//! 5. `memory.rs`: a connection without a socket, for tests and for two parts of one program (2 minutes).
//! 6. `versions.rs`: two programs that both compile and read each other's values wrongly (3 minutes).
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
// A stub calls through a client, and the server's side is a service. Code that `contract!` writes takes both
// from here.
pub use l02_rpc::client::Client;
pub use l02_rpc::service::Service;
