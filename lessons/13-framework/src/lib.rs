//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.
//! * [`etcd`]: a small client for etcd, which one of the registries is made of.

pub mod etcd;
pub mod registry;

pub use l12_resilience;
