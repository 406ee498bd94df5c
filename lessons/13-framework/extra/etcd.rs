//! A client for etcd, version 3 of its API: the part of it that a registry needs. It is gRPC, so
//! tonic and a `.proto` file are nearly all of it; what is written here is what to do when one of
//! several servers is away.
//!
//! # Layout
//!
//! * [`client`]: one call, answered by whichever server can. Begin here.
//! * [`keys`]: reading, writing, deleting, and leases.
//! * [`follow`]: what happens to keys, without a gap, whatever happens to servers and connections.
//! * [`pb`]: the messages.

pub mod client;
pub mod follow;
mod key_cache;
pub mod keys;

/// What the build script made of `proto/etcdserverpb` and `proto/mvccpb`. The second module has to
/// be beside the first: its messages are called `super::mvccpb::KeyValue` in there.
#[allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto files"
)]
pub mod pb {
    /// `proto/etcdserverpb`.
    pub mod etcdserverpb {
        tonic::include_proto!("etcdserverpb");
    }
    /// `proto/mvccpb`.
    pub mod mvccpb {
        tonic::include_proto!("mvccpb");
    }
}

pub use client::{Client, Error};
pub use follow::{Change, follow};
pub use keys::{Entry, Lease, Listing};
