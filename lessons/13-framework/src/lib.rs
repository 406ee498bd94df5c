//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.
//! * [`registries`]: what is behind it, and [`registries::named`], which makes one from its name.
//! * [`service`]: a service from its first line to its last. [`options`]: what it is told when it starts.
//! * [`transport`]: how calls travel. [`known`]: who is there. [`client`]: calls by name.
//! * [`broker`]: publish and subscribe.
//! * [`etcd`]: a small client for etcd, which one of the registries is made of. [`recall`] is what
//!   those who follow a server remember.
//! * [`measure`]: the five registries in one table.
//! * [`offer`]: a process to be killed, for tests and measurements.
//!
//! `main.rs` is the command line; the other files belong to it. Try `cargo run -p l13-framework`.

pub mod broker;
pub mod client;
pub mod etcd;
pub mod known;
pub mod measure;
pub mod offer;
pub mod options;
pub mod recall;
pub mod registries;
pub mod registry;
pub mod service;
pub mod transport;
