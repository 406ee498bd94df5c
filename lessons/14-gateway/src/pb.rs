//! What the build script made of the .proto files. For the services behind the gateway, and for tests;
//! the gateway learns all of it at run time.
#![allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto files"
)]

/// `proto/user/v1`.
pub mod user {
    tonic::include_proto!("user.v1");
}

/// `proto/example/v1`.
pub mod example {
    tonic::include_proto!("example.v1");
}

/// `proto/every/v1`.
pub mod every {
    tonic::include_proto!("every.v1");
}

/// `user.v1` alone, as a `FileDescriptorSet`.
pub const USER: &[u8] = tonic::include_file_descriptor_set!("user");

/// `example.v1` alone.
pub const EXAMPLE: &[u8] = tonic::include_file_descriptor_set!("example");

/// All of the above as a `FileDescriptorSet`: what reflection sends to a client.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
