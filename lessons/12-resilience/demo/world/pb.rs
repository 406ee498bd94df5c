//! What the build script made of `proto/arith/v1`.
#![allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto file"
)]

/// `proto/arith/v1`.
pub mod arith {
    tonic::include_proto!("arith.v1");
}

/// The .proto files as a `FileDescriptorSet`: reflection sends it to clients.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
