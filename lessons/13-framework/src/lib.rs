//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.
//! * [`registries`]: what is behind it, and [`registries::named`], which makes one from its name.
//! * [`etcd`]: a small client for etcd, which one of the registries is made of. [`recall`] is what
//!   those who follow a server remember.
//! * [`measure`]: the five registries in one table.
//! * [`offer`]: a process to be killed, for tests and measurements.

pub mod etcd;
pub mod measure;
pub mod offer;
pub mod recall;
pub mod registries;
pub mod registry;

pub use l12_resilience;
