//! The teacher's page about the answers to one exercise, and the groups that it shows.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::review;
use crate::routes::{App, Not, Shared, check_teacher};

const PAGE: &str = include_str!("../page/review.html");
const SCRIPT: &str = include_str!("../page/review.js");

/// The page, its script, and what it asks for.
pub fn routes() -> Router<Arc<App>> {
    let text =
        |kind: &'static str, text: &'static str| get(async move || ([(CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/review", text("text/html; charset=utf-8", PAGE))
        .route("/review.js", text("text/javascript; charset=utf-8", SCRIPT))
        .route("/api/teacher/review", get(groups))
}

#[derive(Deserialize)]
struct Of {
    id: String,
}

/// The groups of the last review of an exercise.
async fn groups(State(app): Shared, headers: HeaderMap, of: Query<Of>) -> Result<Response, Not> {
    check_teacher(&app, &headers)?;
    let about = Arc::clone(&app.about);
    let read = move |connection: &_| review::read(connection, &about.course, &of.id);
    Ok(Json(app.desk.run(read).await?).into_response())
}
