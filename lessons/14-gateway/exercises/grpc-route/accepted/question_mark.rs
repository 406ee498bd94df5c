//! Accepted: `?` and a type of its own for the failed call, which is turned into a response.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tonic::{IntoRequest, Status};

// Given in given.rs, beside this file: `UserClient`, `HelloRequest`, `TIMEOUT`, `StatusCode`, `http_status`.
pub use super::given::*;

/// A web service with one route, `GET /users/{name}`.
pub fn router(client: UserClient) -> Router {
    let router = Router::new().route("/users/{name}", get(user));
    router.with_state(client)
}

/// A failed call, as JSON with its status.
struct Failed(Status);

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        Failed(status)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = http_status(&self.0);
        let message = if status.as_u16() < 500 {
            self.0.message().to_string()
        } else {
            status.canonical_reason().unwrap_or_default().to_string()
        };
        let mut response =
            Json(json!({"message": message, "code": status.as_u16()})).into_response();
        *response.status_mut() = status;
        response
    }
}

/// Calls `Hello` of the service `user.v1.Say`.
async fn user(
    State(mut client): State<UserClient>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Failed> {
    let mut request = HelloRequest { name }.into_request();
    request.set_timeout(TIMEOUT);
    let user = client.hello(request).await?.into_inner();
    Ok(Json(json!({
        "id": user.id,
        "username": user.username,
        "answeredBy": user.answered_by,
    })))
}
