//! What this lesson shows: many messages, one call.

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
