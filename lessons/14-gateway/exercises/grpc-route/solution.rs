//! `set_timeout` puts one number into the metadata, and two programs keep it: tonic's client ends the call, and the
//! service can stop its work. The status of HTTP is for programs: a cache, a load balancer and the page's script decide by
//! it, and none of them reads the message. A message from 500 on may hold a path, a query or an address. The client cannot
//! use it, and an attacker can.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tonic::Request;

// Given in given.rs, beside this file: `UserClient`, `HelloRequest`, `TIMEOUT`, `StatusCode`, `http_status`.
pub use super::given::*;

/// A web service with one route, `GET /users/{name}`.
pub fn router(client: UserClient) -> Router {
    let router = Router::new().route("/users/{name}", get(user));
    router.with_state(client)
}

/// Calls `Hello` of the service `user.v1.Say`, once for each request, and turns the result into JSON.
async fn user(State(mut client): State<UserClient>, Path(name): Path<String>) -> Response {
    let mut request = Request::new(HelloRequest { name });
    request.set_timeout(TIMEOUT);
    match client.hello(request).await {
        Ok(reply) => {
            let user = reply.into_inner();
            let json =
                json!({"id": user.id, "username": user.username, "answeredBy": user.answered_by});
            Json(json).into_response()
        }
        Err(failed) => {
            let status = http_status(&failed);
            let message = match status.canonical_reason() {
                Some(reason) if status.is_server_error() => reason,
                _ => failed.message(),
            };
            let json = json!({"code": status.as_u16(), "message": message});
            (status, Json(json)).into_response()
        }
    }
}
