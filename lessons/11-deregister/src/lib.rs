//! Deregistration and graceful shutdown: a service that ends without a lost call, and what happens when it crashes.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order:
//!
//! 1. `drain.rs` (15 minutes): the shutdown, in steps that have names and limits.
//! 2. `serve.rs` (5 minutes): a server that serves until a signal, and then shuts down.
//! 3. `maintenance.rs` (5 minutes): an instance that is hidden from callers, and stays registered.
//! 4. `lib.rs` (2 minutes): this page.
// ANCHOR_END: layout
//!
//! `demo/` is the program around it, with the three proofs under load in `demo/proof`: a rolling restart, a
//! crash, a Consul that is away. Try `cargo run -p l11-deregister`.

pub mod drain;
pub mod maintenance;
pub mod serve;
