//! What this lesson shows: many messages in one call, in one direction or in both, and what keeps the
//! faster side from drowning the slower one.
//!
//! # Layout
//!
//! * [`pb`]: what the build made of `proto/stream/v1`.
//! * [`service`]: the four kinds of call. [`service::repeat`] makes, [`service::chat`] talks.
//! * [`server`]: everything of lesson 06 and this behind one port, and how it stops.
//! * [`end`]: no call is endless: a deadline, the longest time, the end of the server.
//! * [`room`]: for the exercise `chat`: a room to which calls can be connected.
//! * [`tls`]: certificates made on the spot.
//! * [`client`]: the connection of a caller, and what went wrong in words.
//! * [`watch`]: what happens in a call, for whoever wants to see it.

pub mod client;
pub mod end;
pub mod room;
pub mod server;
pub mod service;
pub mod tls;
pub mod watch;

/// The messages and services of `proto/stream/v1`.
pub mod pb {
    #![allow(
        missing_docs,
        clippy::allow_attributes_without_reason,
        reason = "generated; the comments are in the .proto file"
    )]
    tonic::include_proto!("stream.v1");

    /// The same as a `FileDescriptorSet`: what reflection tells a stranger.
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
}
