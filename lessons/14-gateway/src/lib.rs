//! What this lesson shows: one door for the browser. Behind it are services that the door does not know
//! when it is built.
//!
//! # Layout
//!
//! * [`web`]: a web service: pages, JSON, and handlers that call services by name. Begin here.
//! * [`gateway`]: from HTTP and JSON to gRPC, for services that it finds in a registry.
//! * [`user`]: the services behind both doors. [`pb`]: what the build made from the .proto files.
//! * [`proof`]: one of three is killed, one is paused, and no browser sees an error. [`fleet`], [`load`] and
//!   [`ask`] are what it is made of: processes, browsers, one request.
//!
//! `main.rs` is the command line, `demo.rs` and what is beside it belong to it. Try
//! `cargo run -p l14-gateway`.

pub mod ask;
pub mod fleet;
pub mod gateway;
pub mod load;
pub mod pb;
pub mod proof;
pub mod user;
pub mod web;
