//! What this lesson shows: many messages in one call, in one direction or in both, and the limits that
//! keep a fast sender from filling the memory in front of a slow reader.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 60 minutes.
//!
//! 1. The four kinds of call, 30 minutes: `service.rs` (the methods), `service/repeat.rs` (a task that produces
//!    replies and stops when the client cancels), `service/chat.rs` (both directions in one loop), `observe.rs`
//!    (events, for the demo and the tests), `room.rs` (the chat room of the exercise `chat`).
//! 2. The server, 20 minutes: `server.rs` (the services of lesson 06 and this one behind one port, and the
//!    shutdown), `end.rs` (the layer that ends a call: deadline, longest call, shutdown).
//! 3. The client, 10 minutes: `client.rs` (the connection, and its errors in words).
// ANCHOR_END: layout
//!
//! [`pb`] is generated from `proto/stream/v1`. The binary is in `demo/`; try
//! `cargo run -p l07-streaming`.

pub mod client;
pub mod end;
pub mod observe;
pub mod room;
pub mod server;
pub mod service;

/// The messages and services of `proto/stream/v1`.
pub mod pb {
    #![allow(
        missing_docs,
        clippy::allow_attributes_without_reason,
        reason = "generated; the comments are in the .proto file"
    )]
    tonic::include_proto!("stream.v1");

    /// The .proto files as a `FileDescriptorSet`: the server's reflection sends it to clients.
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");

    /// `proto/catalog/v1`: the service that the exercise `server-stream` implements.
    pub mod catalog {
        #![allow(
            missing_docs,
            clippy::allow_attributes_without_reason,
            reason = "generated; the comments are in the .proto file"
        )]
        tonic::include_proto!("catalog.v1");
    }
}
