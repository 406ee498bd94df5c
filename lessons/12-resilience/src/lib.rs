//! What this lesson shows: choosing one of several instances for a call, and what to do when the call fails.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order:
//!
//! 1. `member.rs` (2 minutes): an instance that can be called.
//! 2. `select.rs` (5 minutes): the trait of all selectors, and the random one. Behind it
//!    `select/round_robin.rs` (2), `select/weighted.rs` (4) and `select/rendezvous.rs` (3).
//! 3. `fail.rs` (4 minutes): the fail modes by name: fast, try, over, backup; and which statuses count
//!    against the member.
//! 4. `budget.rs` (5 minutes): how many calls may be retried.
//! 5. `eject.rs` (10 minutes): which members are ejected for a while, and how they come back.
//! 6. `connector.rs` (8 minutes): connections to members, opened once and shared.
//! 7. `deadline.rs` (5 minutes): a deadline that travels with a call.
//! 8. `caller.rs` (10 minutes): all of that in one; `call.rs` (12) is one call of it.
//! 9. `lib.rs` (2 minutes): this page.
// ANCHOR_END: layout
//!
//! `demo/` is the program around it; in `demo/world` are the service, its sick servers and its client. Try
//! `cargo run -p l12-resilience`.

pub mod budget;
mod call;
pub mod caller;
pub mod connector;
pub mod deadline;
pub mod eject;
pub mod fail;
pub mod member;
pub mod select;
