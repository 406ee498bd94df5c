//! What this lesson shows: one door for the browser. Behind it are services that the door does not know
//! when it is built.
//!
//! # Layout
//!
//! * [`pb`]: what the build made from the .proto files.
//! * [`gateway`]: from HTTP and JSON to gRPC, for services that it finds in a registry.

pub mod gateway;
pub mod pb;

pub use l13_framework;
