//! What this lesson shows: a contract in a .proto file, and a server and a client made from it.
//!
//! # Layout
//!
//! * [`pb`]: what the build made from the .proto files.
//! * [`greeter`], [`hello`], [`say`]: the services; each is a plain struct with the methods.
//! * [`server`]: all of them behind one port, with reflection and health.

pub mod greeter;
pub mod hello;
pub mod pb;
pub mod say;
pub mod server;
