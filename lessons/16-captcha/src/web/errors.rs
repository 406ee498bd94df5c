//! The errors of the site, in one table: the status and the text that a browser gets. All texts are written
//! here, so that nothing from inside can get into them.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use tonic::{Code, Status};

use axum::body::Body;

/// The errors of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The service, its store or the registry did not answer.
    Unavailable,
    /// The captcha is too old, used, or of another session.
    Stale,
    /// A captcha of this id waits for its answer.
    Pending,
    /// The answer is wrong.
    Wrong,
    /// This session has not been let in.
    NotLetIn,
    /// An id that is none.
    BadId,
    /// An answer that is none.
    BadAnswer,
    /// A body that cannot be read.
    BadBody,
    /// A body of another kind.
    WrongType,
    /// A body that is too long.
    TooLarge,
    /// A body that does not come.
    TooSlow,
    /// The request was made by a page of another site.
    Foreign,
    /// Too many captchas or answers.
    TooMany,
    /// No such path.
    NotFound,
    /// The path has another method.
    WrongMethod,
    /// The site has as much to do as it can.
    Busy,
    /// A fault of the site itself.
    Fault,
}

impl Problem {
    // ANCHOR: table
    /// `errno`, the status of HTTP, and `errmsg`. "0" is success. A verdict is an answer, so it comes with
    /// 200; other statuses say that there is none. 4001 to 4004, 4101 and 4500 mean what such tables
    /// usually mean by them; the others are this site's own.
    pub fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Problem::Unavailable => ("4001", 503, AWAY),
            Problem::Stale => ("4002", 200, "This one is too old or was answered before."),
            Problem::Pending => ("4003", 409, "A captcha with this id waits for its answer."),
            Problem::Wrong => ("4004", 200, "That was not right."),
            Problem::NotLetIn => ("4101", 200, "This session has not answered a captcha yet."),
            Problem::BadId => ("4103", 400, "An id has 1 to 64 letters, digits, - and _."),
            Problem::BadAnswer => ("4104", 400, "An answer has 1 to 64 bytes."),
            Problem::BadBody => (
                "4105",
                400,
                "The body does not have the fields that belong here.",
            ),
            Problem::WrongType => ("4106", 415, "The content-type of the body is another one."),
            Problem::TooLarge => ("4107", 413, "The body is too long."),
            Problem::TooSlow => ("4108", 408, "The body did not come in time."),
            Problem::Foreign => ("4201", 403, "This request comes from another site's page."),
            Problem::TooMany => ("4202", 429, "That was too often. Please wait a minute."),
            Problem::NotFound => ("4203", 404, "There is nothing here."),
            Problem::WrongMethod => ("4204", 405, "This path has another method."),
            Problem::Busy => ("4205", 503, "There is too much to do. Please try again."),
            Problem::Fault => (
                "4500",
                500,
                "Something is wrong with this site. Please try later.",
            ),
        }
    }
    // ANCHOR_END: table

    /// Returns the status of HTTP.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the text for a person.
    pub fn words(self) -> &'static str {
        self.row().2
    }

    /// In how many seconds it makes sense to come again: a whole window of the limits, or as long as a
    /// service needs to come back.
    pub fn later(self) -> Option<u16> {
        match self {
            Problem::TooMany => Some(60),
            Problem::Unavailable => Some(5),
            Problem::Busy => Some(1),
            _ => None,
        }
    }

    /// The status line and headers of this, around a body.
    pub fn around(self, body: impl IntoResponse) -> Response<Body> {
        let mut response = (self.status(), body).into_response();
        if let Some(seconds) = self.later() {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

const AWAY: &str = "We cannot check answers at the moment, so no visitor is let in. It is not your fault: please \
                    try again in a minute.";

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let (errno, _, errmsg) = self.row();
        self.around(Json(json!({ "errno": errno, "errmsg": errmsg })))
    }
}

/// Success, with these fields beside it.
pub fn ok(mut fields: Value) -> Response<Body> {
    fields["errno"] = json!("0");
    fields["errmsg"] = json!("OK");
    Json(fields).into_response()
}

/// Returns the error that a status of the service is for a visitor that asked for a captcha or a
/// session.
pub fn of_status(status: &Status) -> Problem {
    match status.code() {
        Code::InvalidArgument => Problem::BadId,
        Code::AlreadyExists => Problem::Pending,
        Code::ResourceExhausted => Problem::TooMany,
        // The last two are what a connection that broke may look like.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
            Problem::Unavailable
        }
        _ => Problem::Fault,
    }
}
