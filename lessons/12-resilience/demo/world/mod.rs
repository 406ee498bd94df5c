//! The services that the demo and the tests of this lesson call: a calculator, servers with faults that can be
//! chosen, a server that calls others, and a client of all of them.
#![allow(dead_code, reason = "the demo and the tests use different parts")]

pub mod arith;
pub mod client;
pub mod heard;
pub mod pb;
pub mod relay;
pub mod server;
pub mod sick;
