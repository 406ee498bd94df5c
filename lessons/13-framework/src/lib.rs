//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.
//! * [`registries`]: what is behind it, and [`registries::named`], which makes one from its name.
//! * [`service`]: a service from its first line to its last. [`options`]: what it reads when it starts.
//! * [`transport`]: how calls travel. [`known`]: who is there. [`client`]: calls by name.
//! * [`broker`]: publish and subscribe.

#[path = "../extra/mod.rs"]
mod extra;

pub mod client;
pub mod greeter;
pub mod known;
pub mod registries;
pub mod registry;
pub mod service;
pub mod transport;

#[cfg(feature = "etcd")]
pub use extra::etcd;
pub use extra::{broker, edge, options};
