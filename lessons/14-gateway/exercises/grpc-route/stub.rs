use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

// Given in given.rs, beside this file: `UserClient`, `HelloRequest`, `TIMEOUT`, `StatusCode`, `http_status`.
pub use super::given::*;

/// A web service with one route, `GET /users/{name}`.
pub fn router(client: UserClient) -> Router {
    let router = Router::new().route("/users/{name}", get(user));
    router.with_state(client)
}

/// Calls `Hello` of the service `user.v1.Say`, once for each request, and turns the result into JSON.
///
/// * The call has a timeout of [`TIMEOUT`]. `tonic::Request::set_timeout` sends it along, in `grpc-timeout`, and ends
///   the call on this side, too.
/// * A reply becomes 200: `{"id": "123", "username": "huohuo", "answeredBy": "user-1"}`.
/// * A failed call becomes the status that [`http_status`] gives. The body is
///   `{"code": 404, "message": "no user huohuo"}`, with this status as `code`.
/// * Below 500 the message is that of the service: it says what the client can change. From 500 on it is the
///   status's `canonical_reason()`: the service's words are about its inside, and not for clients.
async fn user(State(mut client): State<UserClient>, Path(name): Path<String>) -> Response {
    match client.hello(HelloRequest { name }).await {
        Ok(reply) => {
            let user = reply.into_inner();
            let json =
                json!({"id": user.id, "username": user.username, "answeredBy": user.answered_by});
            Json(json).into_response()
        }
        Err(failed) => {
            let message = failed.message().to_string();
            (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
        }
    }
}
