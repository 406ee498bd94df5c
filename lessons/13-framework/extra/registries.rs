//! The registries of the second evening, and what all registries share: limits and escaped names.

pub mod bounds;
pub mod consul_follow;
pub mod consul_lists;
pub mod consul_words;
pub mod escape;
#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(feature = "gossip")]
pub mod gossip;
pub mod mdns;
pub mod table;
