//! What this lesson shows: choosing one of several instances for a call, and what to do when it fails.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order:
//!
//! 1. `member.rs` (2 minutes): an instance that can be called.
//! 2. `select.rs` (5 minutes): the trait of all selectors, and the random one. Behind it
//!    `select/in_turn.rs` (2), `select/by_weight.rs` (4) and `select/by_key.rs` (3).
//! 3. `fail.rs` (4 minutes): the fail modes by name: fast, try, over, backup; and which statuses blame the
//!    member.
//! 4. `budget.rs` (5 minutes): how much may be called again.
//! 5. `eject.rs` (10 minutes): which members are left out for a while, and their way back.
//! 6. `connector.rs` (8 minutes): connections to members, made once and shared.
//! 7. `deadline.rs` (5 minutes): deadlines that travel with a call.
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
