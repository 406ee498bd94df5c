//! The files of the page, as parts of the program: there is no folder that could be listed or left, and the
//! site needs none when it is started from somewhere else.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::errors::Problem;
use super::site::problem;

/// `GET /static/NAME`.
pub async fn file(name: Result<Path<String>, PathRejection>) -> Response<Body> {
    let name = name.as_ref().map_or("", |Path(name)| name);
    let (kind, text) = match name {
        "page.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../src/web/pages/page.js"),
        ),
        "style.css" => (
            "text/css; charset=utf-8",
            include_str!("../../src/web/pages/style.css"),
        ),
        "icon.svg" => (
            "image/svg+xml",
            include_str!("../../src/web/pages/icon.svg"),
        ),
        _ => return problem(Problem::NotFound),
    };
    ([(CONTENT_TYPE, kind)], text).into_response()
}
