//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.
//! * [`registries`]: what is behind it, and [`registries::named`], which makes one from its name.
//! * [`offer`]: a process to be killed, for tests and measurements.

pub mod offer;
pub mod registries;
pub mod registry;

pub use l12_resilience;
