//! What this lesson shows: state with an expiry date, in a store that several programs share.
//!
//! # Layout
//!
//! * [`client`]: a connection to Redis, with deadlines. Begin here, then [`greet`]: the greeting call.
//! * [`cost`]: what a call costs, with a connection for each and on one that all share.
//! * [`resp`]: what travels between a client and Redis, by hand.
//! * [`server`]: a readable Redis; [`clock`] is its time, [`serve`] makes a program of it.
//! * [`faults`]: a wire to Redis that breaks on purpose.
//!
//! `main.rs` is the command line. Try `cargo run -p l15-redis`.

pub mod client;
pub mod clock;
pub mod cost;
pub mod faults;
pub mod greet;
pub mod resp;
pub mod serve;
pub mod server;
