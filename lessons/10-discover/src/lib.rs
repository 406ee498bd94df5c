//! What this lesson shows: calling a service by its name. Consul is asked for the healthy instances, a
//! watch keeps the list up to date, and one channel spreads the calls over all of them.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order:
//!
//! 1. `health.rs` (12 minutes): `GET /v1/health/service/:name`, the endpoint that consulrs lacks, and one
//!    query with it.
//! 2. `cache.rs` (10 minutes): the last known instances, and how far they can be relied upon.
//! 3. `watch.rs` (10 minutes): the same query as a blocking query in a loop, into the cache.
//! 4. `balance.rs` (12 minutes): feeds tonic's balanced channel with the list, without the instances that
//!    refuse connections.
//! 5. `caller.rs` (12 minutes): a call by name, with a deadline and retries.
//! 6. `lib.rs` (2 minutes): this page.
// ANCHOR_END: layout
//!
//! `demo/` is the program around it: try `cargo run -p l10-discover`.

pub mod balance;
pub mod cache;
pub mod caller;
pub mod health;
pub mod watch;
