//! What this lesson shows: choosing one of several instances for a call, and what to do when it fails.
//!
//! # Layout
//!
//! * [`member`]: one that can be called.

pub mod member;

pub use l10_discover;
