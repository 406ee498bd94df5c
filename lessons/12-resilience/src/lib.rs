//! What this lesson shows: choosing one of several instances for a call, and what to do when it fails.
//!
//! # Layout
//!
//! * [`member`]: one that can be called. Begin here.
//! * [`select`]: choosing one: by lot, in turn, by weight, by key.
//! * [`fail`]: what to do when a call fails: the fail modes by name.
//! * [`budget`]: how much may be called again. [`eject`]: who is left out for a while.
//! * [`dial`]: lines to members. [`deadline`]: deadlines that travel.
//! * [`caller`]: all of that in one; `call.rs` is one call of it.
//! * [`arith`]: the service, and [`relay`], which asks others in its place; [`server`]: both behind a
//!   port, as [`sick`] as you like, and [`heard`] when a call is stopped. [`client`] calls them.
//! * [`pb`]: what the build made of `arith.proto`.
//!
//! `main.rs` is the command line, and what is beside it belongs to it. Try `cargo run -p l12-resilience`.

pub mod arith;
pub mod budget;
mod call;
pub mod caller;
pub mod client;
pub mod deadline;
pub mod dial;
pub mod eject;
pub mod fail;
pub mod heard;
pub mod member;
pub mod pb;
pub mod relay;
pub mod select;
pub mod server;
pub mod sick;
