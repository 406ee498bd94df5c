//! What this lesson shows: many messages in one call, in one direction or in both, and what keeps the
//! faster side from drowning the slower one.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 60 minutes.
//!
//! 1. The four kinds of call, 30 minutes: `service.rs` (the methods), `service/repeat.rs` (a task that makes
//!    replies and stops when the caller leaves), `service/chat.rs` (both directions in one loop), `watch.rs`
//!    (events, for the demo and the tests), `room.rs` (for the exercise `chat`: one room, many calls).
//! 2. The server, 20 minutes: `server.rs` (the services of lesson 06 and this one behind one port, and how it
//!    stops), `end.rs` (the layer that ends a call: deadline, longest time, end of the server).
//! 3. The client, 10 minutes: `client.rs` (the connection, and its errors in words).
//!
//! For a second evening: `../extra/tls.rs`, the same through TLS, with certificates made on the spot.
// ANCHOR_END: layout
//!
//! [`pb`] is what the build made of `proto/stream/v1`. The binary is in `demo/`; try
//! `cargo run -p l07-streaming`.

pub mod client;
pub mod end;
#[path = "../extra/mod.rs"]
pub mod extra;
pub mod room;
pub mod server;
pub mod service;
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
