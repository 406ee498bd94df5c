//! What this lesson shows: state with an expiry date, in a store that several programs share.
//!
//! # Layout
//!
//! * [`resp`]: the protocol, by hand.
//! * [`server`]: a readable Redis.

pub mod clock;
pub mod resp;
pub mod server;
