//! The captcha service of the naive site. It speaks the contract of the real one, as far as it goes: `picture`
//! has JSON in it, and its web judges answers itself.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::{Request, Response, Status};

use super::luck::Lottery;
use super::{model, pixels};
use crate::pb;
use crate::picture::Painter;

/// The service.
#[derive(Debug)]
pub struct GetCaptcha {
    redis: SocketAddr,
    lottery: Mutex<Lottery>,
    painter: Painter,
}

impl GetCaptcha {
    /// One whose chance begins at `seed`.
    pub fn new(redis: SocketAddr, seed: u64) -> Self {
        GetCaptcha {
            redis,
            lottery: Mutex::new(Lottery::new(seed)),
            painter: Painter::new(),
        }
    }

    fn lottery(&self) -> MutexGuard<'_, Lottery> {
        self.lottery.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl pb::get_captcha_server::GetCaptcha for GetCaptcha {
    // ANCHOR: call
    async fn call(
        &self,
        request: Request<pb::CallRequest>,
    ) -> Result<Response<pb::CallResponse>, Status> {
        let uuid = request.into_inner().id;
        let (code, noise) = self.lottery().draw();
        tracing::info!("picture {uuid}: {code}");
        model::save(self.redis, &uuid, &code)
            .await
            .map_err(|error| Status::unknown(error.to_string()))?;
        let png = self.painter.png(&code, noise)?;
        let json = pixels::to_json(&png).map_err(|error| Status::unknown(error.to_string()))?;
        Ok(Response::new(pb::CallResponse {
            picture: json,
            ..pb::CallResponse::default()
        }))
    }
    // ANCHOR_END: call

    async fn verify(
        &self,
        _: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        Err(Status::unimplemented("the notes end before this"))
    }

    async fn session(
        &self,
        _: Request<pb::SessionRequest>,
    ) -> Result<Response<pb::SessionResponse>, Status> {
        Err(Status::unimplemented("the notes have no sessions"))
    }
}
