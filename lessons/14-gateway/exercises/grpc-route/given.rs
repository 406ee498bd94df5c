//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Status};

pub use axum::http::StatusCode;
pub use l14_gateway::pb::user::HelloRequest;
pub use l14_gateway::pb::user::say_client::SayClient;

/// A client of the gRPC service `user.v1.Say`. All clones use the same connection.
pub type UserClient = SayClient<Channel>;

/// The time for one call.
pub const TIMEOUT: Duration = Duration::from_millis(500);

/// The HTTP status for a failed call: the table of the gateway, in `src/gateway/status.rs`.
///
/// CANCELLED becomes 504 (Gateway Timeout), like DEADLINE_EXCEEDED: tonic's client reports it when the timeout of its
/// own call is over.
pub fn http_status(failed: &Status) -> StatusCode {
    match failed.code() {
        Code::Cancelled => StatusCode::GATEWAY_TIMEOUT,
        code => l14_gateway::gateway::status::http(code).0,
    }
}
