//! The rules of a captcha, each as a part that can be replaced: the exercises of lessons 15 and 16 are
//! these parts. This file says what each of them promises; [`Ours`] keeps the promises.

mod ours;
mod scoped;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use redis::aio::ConnectionManager;

pub use ours::{Ours, decode};
pub use scoped::Scoped;

/// The store has not answered. What was asked of it may have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away(pub String);

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is away: {}", self.0)
    }
}

impl std::error::Error for Away {}

/// Somebody asks for a captcha.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What it shall be called.
    pub id: String,
    /// Whose it is.
    pub session: String,
    /// Names this request: the same one, sent again after a lost reply, has the same.
    pub request: String,
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// This is the code to draw: the fresh one, or that of the first time if the request came twice.
    Draw(String),
    /// A captcha with this id is waiting for its answer; it stays as it is.
    Pending,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right.
    Accepted,
    /// Wrong, and the captcha is used up.
    Wrong,
    /// There is none: never made, too old, answered already, or somebody else's.
    Unknown,
}

/// A captcha before it leaves the service.
#[derive(Clone)]
pub struct Drawn {
    /// What it is called.
    pub id: String,
    /// The answer. Nobody outside may learn it, in whatever form.
    pub code: String,
    /// The picture.
    pub png: Vec<u8>,
}

// By hand: a derived one would write the answer into whatever log somebody puts this in.
impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.png.len();
        write!(f, "Drawn {{ id: {:?}, png: {bytes} bytes, .. }}", self.id)
    }
}

/// What leaves the service beside the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Header lines for the browser; names in small letters.
    pub headers: Vec<(String, String)>,
    /// What stands in for the picture where it cannot be seen.
    pub description: String,
    /// The line in the log.
    pub log: String,
}

/// How many within how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one session.
    pub per_session: u64,
    /// For one address: a whole class may share one.
    pub per_address: u64,
    /// The window that is counted in; it begins with the first of them.
    pub window: Duration,
}

impl Limits {
    /// The window in whole seconds, at least one.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.window.as_secs().max(1)
    }
}

/// What the web tells the browser about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Come in.
    Welcome,
    /// Wrong: here is a new picture.
    Wrong,
    /// Too old or used: here is a new picture.
    Stale,
    /// We could not find out: nobody comes in, and it is not the person's fault.
    TryLater,
}

/// The rules. Each is one exercise; the name of it comes first in its comment.
///
/// The first two are parts of lesson 15, on Redis; the others are parts of lesson 16, on a [`Store`].
pub trait Parts: Clone + Send + Sync + 'static {
    /// Whose answer fills a part, for the page: the exercise, and whether it is the learner's own.
    fn whose(&self) -> Vec<(&'static str, bool)>;

    /// `setex`: keeps `value` under `key` for `seconds`, in one step.
    fn keep(
        &self,
        redis: ConnectionManager,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = redis::RedisResult<()>> + Send;

    /// `once-only`: takes the value away; of many callers one at most gets it.
    fn take(
        &self,
        redis: ConnectionManager,
        key: &str,
    ) -> impl Future<Output = redis::RedisResult<Option<String>>> + Send;

    /// `issue`: keeps `code` for whoever asks, unless a captcha is waiting there.
    fn issue<S: Store>(
        &self,
        store: &S,
        ask: &Ask,
        code: String,
        seconds: u64,
    ) -> impl Future<Output = Result<Issued, Away>> + Send;

    /// `verify-once`: judges; whatever the verdict, there is no second one.
    fn verify<S: Store>(
        &self,
        store: &S,
        session: &str,
        id: &str,
        answer: &str,
    ) -> impl Future<Output = Result<Verdict, Away>> + Send;

    /// `attempts`: counts this attempt, and says whether it may be made.
    fn allowed<S: Store>(
        &self,
        store: &S,
        session: &str,
        address: IpAddr,
        limits: Limits,
    ) -> impl Future<Output = Result<bool, Away>> + Send;

    /// `leak`: what may leave beside the picture.
    fn outgoing(&self, drawn: &Drawn) -> Outgoing;

    /// `fail-closed`: what the browser is told, at the latest after `patience`.
    fn decide(
        &self,
        verdict: impl Future<Output = Result<Verdict, Away>> + Send,
        patience: Duration,
    ) -> impl Future<Output = Decision> + Send;
}

/// What the parts of lesson 16 ask of a store. For everybody else, each of these is one step.
pub trait Store: Send + Sync {
    /// Keeps `value` under `key` for `seconds`, whatever was there.
    fn keep(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<(), Away>> + Send;

    /// Keeps it unless something is there already, and gives that back.
    fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// What is there.
    fn look(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// Takes it away; of many callers one at most gets it.
    fn take(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// One more under `key`, which forgets `seconds` after the first: how many there are now.
    fn count(&self, key: &str, seconds: u64) -> impl Future<Output = Result<u64, Away>> + Send;
}
