//! The captcha service, as the handlers call it: a trait. A test hands in another implementation, without a
//! network.

use l12_resilience::caller::How;
use l13_framework::client::Client;
use tokio::time::Instant;
use tonic::Status;

use crate::pb::{
    CallRequest, CallResponse, SessionRequest, SessionResponse, VerifyRequest, VerifyResponse,
};
use crate::service;

/// The captcha service, as the web sees it. Each call ends at `until`.
#[tonic::async_trait]
pub trait Captchas: Send + Sync + 'static {
    /// `GetCaptcha.Call`.
    ///
    /// # Errors
    /// What the service says, or what kept the call from it.
    async fn call(&self, request: CallRequest, until: Instant) -> Result<CallResponse, Status>;

    /// `GetCaptcha.Verify`.
    async fn verify(
        &self,
        request: VerifyRequest,
        until: Instant,
    ) -> Result<VerifyResponse, Status>;

    /// `GetCaptcha.Session`.
    async fn session(
        &self,
        request: SessionRequest,
        until: Instant,
    ) -> Result<SessionResponse, Status>;
}

// ANCHOR: by-name
/// Called by name. One client serves all requests: it watches the name and keeps a connection to each instance,
/// so that no request looks up an address or opens a connection.
#[derive(Clone, Debug)]
pub struct ByName(pub Client);

#[tonic::async_trait]
impl Captchas for ByName {
    /// It carries the name of its request, so an instance that dies costs another attempt and no picture.
    async fn call(&self, request: CallRequest, until: Instant) -> Result<CallResponse, Status> {
        let how = within(How::safe(), until);
        let reply = self.0.call(service::NAME, CALL, &request, how);
        reply.await.map_err(|failed| failed.status())
    }

    /// Sent again only if it never left: a judgement uses the captcha up, and a second attempt
    /// would call a right answer too late.
    async fn verify(
        &self,
        request: VerifyRequest,
        until: Instant,
    ) -> Result<VerifyResponse, Status> {
        let how = within(How::once(), until);
        let reply = self.0.call(service::NAME, VERIFY, &request, how);
        reply.await.map_err(|failed| failed.status())
    }

    async fn session(
        &self,
        request: SessionRequest,
        until: Instant,
    ) -> Result<SessionResponse, Status> {
        let how = within(How::safe(), until);
        let reply = self.0.call(service::NAME, SESSION, &request, how);
        reply.await.map_err(|failed| failed.status())
    }
}

const CALL: &str = "captcha.v1.GetCaptcha/Call";
const VERIFY: &str = "captcha.v1.GetCaptcha/Verify";
const SESSION: &str = "captcha.v1.GetCaptcha/Session";

/// What remains of the time goes along with the call.
fn within(how: How, until: Instant) -> How {
    how.within(until.saturating_duration_since(Instant::now()))
}
// ANCHOR_END: by-name
