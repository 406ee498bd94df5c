//! What this lesson shows: a service that tells the phone book where it is, and keeps telling it.
//!
//! # Layout
//!
//! * [`instance`]: what is registered: a name, an id of its own, an address that others can dial, and
//!   how Consul shall find out whether it is well. Begin here.
//! * [`advertise`]: which address others can dial.
//! * [`registry`]: consulrs, with a deadline on every call and errors to branch on.
//! * [`keep`]: registers when Consul is there, looks whether it still knows, and registers again.
//! * [`look`]: what the agent knows.
//! * [`service`]: lesson 06's greeter, which says who has answered; [`greeter`] is one in a process of
//!   its own, so that it can be killed. Lesson 10's demo uses it as well.
//!
//! `main.rs` is the command line; `serve.rs`, `demo.rs` and `measure.rs` belong to it. Try `cargo run -p l09-register`.

pub mod advertise;
pub mod greeter;
pub mod instance;
pub mod keep;
pub mod look;
pub mod registry;
pub mod service;
