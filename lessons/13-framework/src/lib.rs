//! What this lesson shows: a small framework for services, and one trait with five registries behind it.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 1600 lines of code, 115 minutes. The files follow a service from its
//! registration to the call of a client.
//!
//! 1. `registry.rs`: the trait that all registries implement, and its events and errors (7 minutes).
//!    `registries.rs`: a registry by its name (2 minutes).
//! 2. A registry in one process: `registries/memory.rs` (7 minutes).
//! 3. `greeter.rs`: a whole service in twenty lines (2 minutes).
//! 4. What the framework does for it: `service.rs` (how it is put together), `service/lifecycle.rs` (from the
//!    start to the shutdown), `service/answers.rs` (it must answer before it is registered),
//!    `service/keep.rs` (the lease), `service/health.rs` (40 minutes).
//! 5. A registry on the network: `registries/consul.rs` (10 minutes).
//! 6. The caller: `service_view.rs` (the instances of a name, kept up to date), `transport.rs` (a connection to one
//!    of them), `client.rs` (calls by name) (42 minutes).
//!
//! For a second evening, each folder by itself, `extra/`: the registries mDNS, gossip and etcd with the
//! client for etcd; the table of instances and Consul's watch; publish and subscribe; the flags; the two transports; an HTTP server with limits.
// ANCHOR_END: layout
//!
//! `demo/` is the program `l13-framework`: command line, demo and measurements. Try
//! `cargo run -p l13-framework`.

#[path = "../extra/mod.rs"]
mod extra;

pub mod client;
pub mod greeter;
pub mod registries;
pub mod registry;
pub mod service;
pub mod service_view;
pub mod transport;

#[cfg(feature = "etcd")]
pub use extra::etcd;
pub use extra::{broker, edge, options};
