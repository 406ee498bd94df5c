//! What this lesson shows: a service that leaves well, and what happens when it cannot.
//!
//! # Layout
//!
//! * [`drain`]: leaving, in steps that have names and limits. Begin here.
//! * [`maintenance`]: hidden for a while, without leaving.
//! * [`load`]: callers who call all the time, and count.
//! * [`fleet`]: instances that are processes of their own, so that they can be killed.
//! * [`proof`]: a rolling restart, a crash, a Consul that is away; each with figures.
//!
//! `main.rs` is the command line; `serve.rs`, `demo.rs` and `prove.rs` belong to it. Try
//! `cargo run -p l11-deregister`.

pub mod drain;
pub mod fleet;
pub mod load;
pub mod maintenance;
pub mod proof;
