//! What this lesson shows: choosing one of several instances for a call, and what to do when it fails.
//!
//! # Layout
//!
//! * [`member`]: one that can be called. Begin here.
//! * [`select`]: choosing one: by lot, in turn, by weight, by key.
//! * [`fail`]: what to do when a call fails: the fail modes by name. [`ran`]: may it have run?
//! * [`budget`]: how much may be called again. [`eject`]: who is left out for a while.
//! * [`dial`]: lines to members. [`deadline`]: deadlines that travel.
//! * [`caller`]: all of that in one; `call.rs` is one call of it.
//! * [`pb`]: what the build made of `arith.proto`.
//!
//! `main.rs` is the command line, and what is beside it belongs to it. Try `cargo run -p l12-resilience`.

pub mod budget;
mod call;
pub mod caller;
pub mod deadline;
pub mod dial;
pub mod eject;
pub mod fail;
pub mod member;
pub mod pb;
pub mod ran;
pub mod select;

pub use l10_discover;
pub use l10_discover::l09_register::l06_grpc;
