//! What this lesson shows: state with an expiry date, in a store that several programs share.
//!
//! # Layout
//!
//! * [`server`]: a readable Redis.

pub mod clock;
pub mod server;
