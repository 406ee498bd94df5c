//! The world that the callers of this lesson live in: a calculator as a service, servers that are sick in
//! ways that can be chosen, a server that asks others, and a client of all of them. The demo and the tests
//! share it.
#![allow(dead_code, reason = "the demo and the tests use different parts")]

pub mod arith;
pub mod client;
pub mod heard;
pub mod pb;
pub mod relay;
pub mod server;
pub mod sick;
