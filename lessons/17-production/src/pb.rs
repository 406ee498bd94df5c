//! What the build script made of `proto/envoy/service/discovery/v3/subset.proto`.
#![allow(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in the .proto file"
)]

tonic::include_proto!("envoy.service.discovery.v3");
