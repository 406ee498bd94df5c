//! What the build script made of the .proto files: messages, a trait and a server for each service,
//! and a client. One module a package.
#![allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto files"
)]

/// `proto/greeter/v1`.
pub mod greeter {
    tonic::include_proto!("greeter.v1");
}

/// `proto/hello/v1`.
pub mod hello {
    tonic::include_proto!("hello.v1");
}

/// `proto/say/v1`.
pub mod say {
    tonic::include_proto!("say.v1");
}

/// All of the above as a `FileDescriptorSet`: what reflection tells a tool without the files.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
