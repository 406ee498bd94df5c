//! What this lesson shows: a service that registers itself in Consul, and keeps itself registered.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order:
//!
//! 1. `instance.rs` (10 minutes): what is registered: a name, an id of its own, an address that others
//!    can dial, and how Consul finds out whether the instance is healthy.
//! 2. `advertise.rs` (5 minutes): which address others can dial.
//! 3. `registry.rs` (10 minutes): consulrs, with a deadline on every call and errors to branch on.
//! 4. `keep.rs` (10 minutes): registers when Consul is there, asks whether it still knows the instance,
//!    and registers again.
//! 5. `look.rs` (3 minutes): what the agent knows of a service and its checks.
//! 6. `service.rs` (7 minutes): lesson 06's greeter, which adds to each reply which instance has answered.
//! 7. `lib.rs` (2 minutes): this page.
// ANCHOR_END: layout
//!
//! `demo/` is the program around it: try `cargo run -p l09-register`.

pub mod advertise;
pub mod instance;
pub mod keep;
pub mod look;
pub mod registry;
pub mod service;
