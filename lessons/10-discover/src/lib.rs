//! What this lesson shows: calling a service by its name. Consul is asked who is home and well, a
//! watch keeps the answer up to date, and one channel spreads the calls over all of them.
//!
//! # Layout
//!
//! * [`health`]: the endpoint that consulrs lacks, and one question asked with it. Begin here.
//! * [`watch`]: the same question for ever, with blocking queries; the last known list.
//! * [`balance`]: feeds tonic's balanced channel with that list, without those who refuse us.
//! * [`caller`]: greets by name.
//!
//! `main.rs` is the command line, `demo.rs` and what is beside it belong to it. Try
//! `cargo run -p l10-discover`.

pub mod balance;
pub mod cache;
pub mod caller;
pub mod health;
pub mod watch;
