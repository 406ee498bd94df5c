//! An instance that calls others in place of calculating. So a call has two hops, or three.

use tonic::{Request, Response, Status};

use super::client::Client;
use super::pb::arith::arith_server::Arith;
use super::pb::arith::{
    DivRequest, DivResponse, MulRequest, MulResponse, RememberRequest, RememberResponse,
};
use l12_resilience::caller::{Failed, How};

/// Calls others.
#[derive(Clone, Debug)]
pub struct Relay {
    /// These.
    pub others: Client,
}

// ANCHOR: relay
#[tonic::async_trait]
impl Arith for Relay {
    // The deadline is not an argument: the layer around this method keeps it, and the client reads it.
    async fn mul(&self, request: Request<MulRequest>) -> Result<Response<MulResponse>, Status> {
        let MulRequest { a, b } = request.into_inner();
        let answered = self.others.mul(How::safe(), a, b).await;
        passed_on(answered)
    }
    // ANCHOR_END: relay

    async fn div(&self, request: Request<DivRequest>) -> Result<Response<DivResponse>, Status> {
        let DivRequest { a, b } = request.into_inner();
        passed_on(self.others.div(How::safe(), a, b).await)
    }

    async fn remember(
        &self,
        request: Request<RememberRequest>,
    ) -> Result<Response<RememberResponse>, Status> {
        let n = request.into_inner().n;
        passed_on(self.others.remember(How::once(), n).await)
    }
}

/// What the others have answered. Only code and message of their status go on: its source is a failure of our own
/// connection.
fn passed_on<M>(answered: Result<(M, u32), Failed>) -> Result<Response<M>, Status> {
    match answered {
        Ok((reply, _)) => Ok(Response::new(reply)),
        Err(failed) => {
            let status = failed.status();
            Err(Status::new(status.code(), status.message()))
        }
    }
}
