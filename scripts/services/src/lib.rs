//! The servers that lessons 09 and later lean on, for programs, for tests and for two terminals.
//!
//! A machine with Consul gets the real one; any other gets the embedded one, which is the readable
//! agent of lesson 08. `WORKBOOK_SERVICES=real` or `=embedded` forces a side, and a
//! program that has started a server can ask which kind it is.
//!
//! # Layout
//!
//! * [`Side`] is the choice between real and embedded.
//! * [`consul`] starts a Consul and ends it, [`redis`] a Redis.
//! * [`l08_consul`] is the embedded agent itself, [`l15_redis`] the embedded Redis; a check can drive the
//!   clock of either. [`testkit`] is what checks share. Lessons reach them through this crate.

pub mod consul;
pub mod redis;
mod side;

pub use side::{Side, VARIABLE};
pub use testkit;
