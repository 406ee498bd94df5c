//! The steps that pages and JSON share: a captcha is made, an answer is judged, a session is looked up.

use std::sync::Mutex;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequest;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};

use super::errors::{Problem, of_status};
use super::session::{Session, Visitor};
use super::{Captchas, Settings};
use crate::code;
use crate::pb::{self, CallRequest, CallResponse, Kind, SessionRequest, VerifyRequest};
use crate::rules::{self, Decision, Tokio, Unavailable, Verdict};

/// A longer answer is none; the longest right one has a few digits.
const LONGEST_ANSWER: usize = 64;

/// A line in the log at most so often, so that repeated failures do not fill the disk.
const BETWEEN_LINES: Duration = Duration::from_secs(1);

/// The state that all requests share.
pub struct Web {
    captchas: Arc<dyn Captchas>,
    places: Semaphore,
    logged: Mutex<Option<Instant>>,
    pub settings: Settings,
}

impl Web {
    pub fn new(captchas: impl Captchas, settings: Settings) -> Self {
        Web {
            captchas: Arc::new(captchas),
            places: Semaphore::new(settings.in_flight.min(Semaphore::MAX_PERMITS)),
            logged: Mutex::new(None),
            settings,
        }
    }

    /// Makes a captcha with this id.
    pub async fn make(&self, who: &Visitor, id: &str, kind: Kind) -> Result<CallResponse, Problem> {
        let _place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        let request = CallRequest {
            id: id.to_string(),
            session: who.session.id.clone(),
            address: who.address.clone(),
            kind: kind.into(),
            // New for each request of a browser, so that only our own repetition is taken for one.
            request: name()?,
        };
        let reply = self.captchas.call(request, self.until()).await;
        reply.map_err(|status| {
            self.log("Call", &status);
            of_status(&status)
        })
    }

    // ANCHOR: judge
    /// Judges an answer, and returns what the browser is told. A refusal (too many, not an answer) is
    /// known, and no verdict; each other failure is for `decide`, which must not let a visitor in for
    /// it.
    pub async fn judge(
        &self,
        who: &Visitor,
        next: &Session,
        id: &str,
        answer: &str,
    ) -> Result<Decision, Problem> {
        let _place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        if answer.len() > LONGEST_ANSWER {
            return Err(Problem::BadAnswer);
        }
        let request = VerifyRequest {
            id: id.to_string(),
            session: who.session.id.clone(),
            address: who.address.clone(),
            answer: code::tidy(answer),
            next_session: next.id.clone(),
        };
        // The rule knows only that there is no verdict; the status says why.
        let mut failed = None;
        let verdict = async {
            match self.captchas.verify(request, self.until()).await {
                Ok(reply) => known(reply.verdict()),
                Err(status) => {
                    failed = Some(status);
                    Err(Unavailable)
                }
            }
        };
        let decision = rules::decide(&Tokio, verdict, self.settings.timeout).await;
        if let Some(status) = failed {
            self.log("Verify", &status);
            match status.code() {
                Code::InvalidArgument | Code::ResourceExhausted => return Err(of_status(&status)),
                _ => {}
            }
        }
        Ok(decision)
    }
    // ANCHOR_END: judge

    /// Returns whether this session was let in.
    pub async fn passed(&self, who: &Visitor) -> Result<bool, Problem> {
        let _place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        let request = SessionRequest {
            session: who.session.id.clone(),
        };
        let reply = self.captchas.session(request, self.until()).await;
        let reply = reply.map_err(|status| {
            self.log("Session", &status);
            of_status(&status)
        })?;
        Ok(reply.passed)
    }

    /// When an answer is of no use any more.
    fn until(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    /// What the browser is not told.
    fn log(&self, method: &str, status: &Status) {
        let refusals = [
            Code::InvalidArgument,
            Code::AlreadyExists,
            Code::ResourceExhausted,
        ];
        if refusals.contains(&status.code()) {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|last| last.elapsed() >= BETWEEN_LINES) {
            *logged = Some(Instant::now());
            let (code, message) = (status.code(), status.message());
            tracing::warn!("{method}: {code:?}: {message:?}");
        }
    }

    /// The body of a request, by an extractor of axum.
    pub async fn body<T>(&self, request: Request<Body>) -> Result<T, Problem>
    where
        T: FromRequest<()>,
    {
        let body = timeout(self.settings.slow, T::from_request(request, &())).await;
        let body = body.map_err(|_| Problem::TooSlow)?;
        // Its own words are for programmers; the status says which of ours it is.
        body.map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::WrongType,
            _ => Problem::BadBody,
        })
    }
}

/// A verdict that this program does not know is none.
fn known(verdict: pb::Verdict) -> Result<Verdict, Unavailable> {
    match verdict {
        pb::Verdict::Accepted => Ok(Verdict::Accepted),
        pb::Verdict::Wrong => Ok(Verdict::Wrong),
        pb::Verdict::Unknown => Ok(Verdict::Unknown),
        pb::Verdict::Unspecified => Err(Unavailable),
    }
}

/// An unguessable name, for a captcha or for a request.
pub fn name() -> Result<String, Problem> {
    code::id().map_err(|_| Problem::Fault)
}

/// Checks that the service accepts an id.
pub fn good_id(id: &str) -> Result<&str, Problem> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match id.len() {
        1..=64 if id.bytes().all(good) => Ok(id),
        _ => Err(Problem::BadId),
    }
}
