//! What the build script made of `proto/captcha/v1`.
#![allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto files"
)]

tonic::include_proto!("captcha.v1");

/// `captcha.v1` as a `FileDescriptorSet`: what reflection tells an independent client.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
