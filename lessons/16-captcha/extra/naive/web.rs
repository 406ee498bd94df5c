//! The web of the notes: three routes, and a new client for each request.

use std::net::SocketAddr;

use anyhow::Context;
use axum::extract::{Json, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, http::header::CONTENT_TYPE};
use l13_framework::registry::Registry;
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::transport::Endpoint;

use super::{model, pixels, registry};
use crate::pb;
use crate::pb::get_captcha_client::GetCaptchaClient;

#[derive(Clone, Copy, Debug)]
struct Web {
    consul: SocketAddr,
    redis: SocketAddr,
}

/// The routes.
pub fn router(consul: SocketAddr, redis: SocketAddr) -> Router {
    Router::new()
        .route("/api/v1.0/session", get(session))
        .route("/api/v1.0/imagecode/{uuid}", get(picture))
        .route("/api/v1.0/verify", post(verify))
        .with_state(Web { consul, redis })
}

/// No session is ever logged in.
async fn session() -> Json<Value> {
    Json(json!({ "errno": "4101", "errmsg": "no session" }))
}

// ANCHOR: picture
/// `GET /api/v1.0/imagecode/UUID`. Whatever fails, the answer is 200.
async fn picture(State(web): State<Web>, Path(uuid): Path<String>) -> Response {
    match draw(web, uuid).await {
        Ok(png) => ([(CONTENT_TYPE, "image/png")], png).into_response(),
        Err(_) => ().into_response(),
    }
}

async fn draw(web: Web, uuid: String) -> anyhow::Result<Vec<u8>> {
    // A new client for the registry, a question to it, and a new connection to the service.
    let home = registry(web.consul)?
        .get_service(crate::service::NAME)
        .await?;
    let instance = home.first().context("no healthy instance")?;
    let channel = Endpoint::from_shared(format!("http://{}", instance.addr))?
        .connect()
        .await?;
    let request = pb::CallRequest {
        id: uuid,
        ..pb::CallRequest::default()
    };
    let reply = GetCaptchaClient::new(channel).call(request).await?;
    pixels::to_png(&reply.into_inner().picture)
}
// ANCHOR_END: picture

#[derive(Deserialize)]
struct Answer {
    id: String,
    answer: String,
}

/// `POST /api/v1.0/verify`: what mostly follows where the notes end.
async fn verify(State(web): State<Web>, Json(answer): Json<Answer>) -> Json<Value> {
    if model::check(web.redis, &answer.id, &answer.answer).await {
        Json(json!({ "errno": "0", "errmsg": "ok" }))
    } else {
        Json(json!({ "errno": "4004", "errmsg": "wrong" }))
    }
}
