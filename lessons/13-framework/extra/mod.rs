//! A second evening, behind the traits of the first one. Nothing in `src/` teaches it, and some of it is what
//! every framework has and few people read: a flag parser, a codec, limits.
//!
//! * [`options`]: the flags and variables that a service reads when it starts.
//! * [`transport`]: what carries calls: gRPC for handlers that are known at run time, and lesson 02's RPC.
//! * [`broker`]: publish and subscribe over the registry.
//! * [`edge`]: an HTTP server with limits, for browsers.
//! * [`registries`]: mDNS; etcd and gossip with the cargo features `etcd` and `gossip`.
//! * [`etcd`]: the client for etcd that one of the registries is made of (feature `etcd`).

pub mod broker;
pub mod edge;
#[cfg(feature = "etcd")]
pub mod etcd;
pub(crate) mod log;
pub mod options;
pub mod registries;
pub mod transport;
pub(crate) mod uuid;
