//! What this lesson shows: one door for the browser. Behind it are services that the door does not know
//! when it is built.
//!
//! # Layout
//!
//! * [`web`]: a web service: pages, JSON, and handlers that call services by name. Begin here.
//! * [`gateway`]: from HTTP and JSON to gRPC, for services that it finds in a registry.
//! * [`pb`]: what the build made from the .proto files.

#[path = "../extra/mod.rs"]
mod extra;

pub mod gateway;
pub mod pb;
pub mod web;

pub use extra::{openapi, stream};
