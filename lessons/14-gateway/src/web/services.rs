//! The services that the handlers call, as a trait. A test hands in another implementation, without a network.

use l12_resilience::caller::How;
use l13_framework::client::Client;
use tokio::time::Instant;
use tonic::Status;

use crate::pb::example::{CallRequest, CallResponse};
use crate::pb::user::{HelloReply, HelloRequest};

/// The name of the user service.
pub const USER: &str = "go.micro.srv.user";

/// The name of the example service.
pub const EXAMPLE: &str = "go.micro.srv.example";

/// The services that the handlers need.
#[tonic::async_trait]
pub trait Services: Send + Sync + 'static {
    /// `Example.Call`.
    ///
    /// # Errors
    /// What the service says, or what kept the call from it.
    async fn call(&self, name: String, until: Instant) -> Result<CallResponse, Status>;

    /// `Say.Hello`.
    async fn user(&self, name: String, until: Instant) -> Result<HelloReply, Status>;
}

// ANCHOR: by-name
/// Called by name. The client watches each name from its first call on: a request asks no registry.
#[derive(Clone, Debug)]
pub struct ByName(pub Client);

#[tonic::async_trait]
impl Services for ByName {
    async fn call(&self, name: String, until: Instant) -> Result<CallResponse, Status> {
        let request = CallRequest { name };
        let reply = self
            .0
            .call(EXAMPLE, "example.v1.Example/Call", &request, safe(until));
        reply.await.map_err(|failed| failed.status())
    }

    async fn user(&self, name: String, until: Instant) -> Result<HelloReply, Status> {
        let request = HelloRequest { name };
        let reply = self
            .0
            .call(USER, "user.v1.Say/Hello", &request, safe(until));
        reply.await.map_err(|failed| failed.status())
    }
}

/// Both contracts say that asking twice changes nothing. What remains of the time goes along.
fn safe(until: Instant) -> How {
    How::safe().within(until.saturating_duration_since(Instant::now()))
}
// ANCHOR_END: by-name
