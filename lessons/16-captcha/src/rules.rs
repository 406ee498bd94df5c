//! The rules of a captcha: when one is issued, how an answer is judged, how often a visitor may try, what may
//! leave the service beside the picture, and what a browser is told.
//!
//! Each rule is one function in a file of its own. This file has the types that they share, and the two traits
//! that they need: [`Store`] and [`Clock`]. A rule asks the store; no store calls a rule.
//!
//! With the feature `mine` the functions are the learner's own passed answers instead (see [`crate::mine`]):
//! the exercises of this lesson have the same names, types and parameters.

pub mod decide;
pub mod issue;
pub mod limit;
pub mod outgoing;
pub mod verify;

use std::fmt;
use std::future::Future;
use std::time::Duration;

#[cfg(not(feature = "mine"))]
pub use self::{decide::decide, issue::issue, limit::allowed, outgoing::outgoing, verify::verify};
#[cfg(feature = "mine")]
pub use crate::mine::{allowed, decide, issue, outgoing, verify};

/// The store has not answered. What it was asked to do may have happened all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable")]
pub struct Unavailable;

/// The names of the first edition, for answers that passed then.
#[doc(hidden)]
pub use self::{IssueRequest as Ask, Unavailable as Away, captcha_key as place};

// ANCHOR: store
/// A store that all instances of the service share. Each method is one step; between two calls anything can happen.
pub trait Store: Send + Sync {
    /// Keeps `value` under `key` for `seconds`, and replaces a value that is there.
    fn keep(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Keeps `value` under `key` for `seconds` if nothing is there; else returns the value that is there.
    fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// Returns the value under `key`, and leaves it there.
    fn look(&self, key: &str) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// Removes the value under `key` and returns it. Of many callers at the same time at most one gets it.
    fn take(&self, key: &str) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// Adds one to the count under `key`, which is forgotten `seconds` after the first call; returns the count.
    fn count(
        &self,
        key: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<u64, Unavailable>> + Send;
}
// ANCHOR_END: store

/// The clock of a rule that waits.
pub trait Clock: Sync {
    /// Runs `work` for at most `time`; `None` if it was not done by then.
    fn within<T: Send>(
        &self,
        time: Duration,
        work: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send;
}

/// The clock of tokio.
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

impl Clock for Tokio {
    async fn within<T: Send>(
        &self,
        time: Duration,
        work: impl Future<Output = T> + Send,
    ) -> Option<T> {
        tokio::time::timeout(time, work).await.ok()
    }
}

/// A request for a captcha.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// The id of the captcha. The browser may have chosen it.
    pub id: String,
    /// The session that it is for.
    pub session: String,
    /// Names this request. A caller that repeats a request because the reply got lost sends the same name.
    pub request: String,
}

/// The outcome of a request for a captcha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// The code to draw: the fresh one, or the first one if this request came before.
    Draw(String),
    /// A captcha with this id waits for its answer. It stays as it is.
    Pending,
}

/// The outcome of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is right.
    Accepted,
    /// The answer is wrong, and the captcha is used up.
    Wrong,
    /// There is no such captcha in this session: never issued, expired, or answered before.
    Unknown,
}

/// The limits on attempts within a window of time, which begins with the first one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The limit of one session.
    pub per_session: u64,
    /// The limit of one address. A whole class may share an address.
    pub per_address: u64,
    /// The window in seconds.
    pub seconds: u64,
}

/// A captcha before it leaves the service.
#[derive(Clone)]
pub struct Drawn {
    /// The id of the captcha.
    pub id: String,
    /// The right answer. It must not leave the service in any form.
    pub code: String,
    /// The picture, as a PNG file.
    pub png: Vec<u8>,
}

// By hand: a derived one would write the answer into any log that prints a `Drawn`.
impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.png.len();
        write!(f, "Drawn {{ id: {:?}, png: {bytes} bytes, .. }}", self.id)
    }
}

/// The data that leaves the service beside the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Header lines of the reply, name and value; names in small letters.
    pub headers: Vec<(String, String)>,
    /// The text that stands in for the picture where it cannot be seen.
    pub description: String,
    /// The line in the log. It names the captcha, so that a complaint can be looked into.
    pub log: String,
}

/// The reply to an answer, as the browser gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Come in.
    Welcome,
    /// The answer was wrong: here is a new picture.
    Wrong,
    /// The captcha has expired or was used: here is a new picture.
    Stale,
    /// There is no verdict, and that is not the visitor's fault: try again later.
    TryLater,
}

/// The key of a captcha. Its value is `REQUEST CODE`: the name of the request that it was issued for, a space,
/// and the right answer. Neither part has a space in it.
pub fn captcha_key(session: &str, id: &str) -> String {
    format!("captcha:{session}:{id}")
}
