//! Being written.
#![allow(missing_docs, reason = "being written")]
pub mod balance;
pub mod health;
pub mod watch;
