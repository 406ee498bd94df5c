//! What this lesson shows: a small framework for services, and one trait behind which five registries
//! look the same.
//!
//! # Layout
//!
//! * [`registry`]: the trait, and what goes through it. Begin here.

pub mod registry;

pub use l12_resilience;
