//! The site: pages, pictures and verdicts for a browser. To make it is a function from what it calls to a
//! router, so tests ask it without a socket.

mod captchas;
pub mod serve;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

pub use captchas::{ByName, Captchas};

use crate::parts::{Away, Decision, Parts, Verdict};

/// Its name in the registry.
pub const NAME: &str = "go.micro.web.captcha";

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Decide = dyn Fn(Boxed<Result<Verdict, Away>>, Duration) -> Boxed<Decision> + Send + Sync;

/// How the site is run, and what a browser may make it hold or wait for.
#[derive(Clone)]
pub struct Settings {
    /// For the page: which exercises run this site, and which of their answers are the learner's own.
    pub whose: Vec<(&'static str, bool)>,
    decide: Arc<Decide>,
    /// Whether the cookie says `Secure`. Off by default: the site listens on the loopback address
    /// without TLS, where some browsers and all command lines would keep such a cookie to themselves.
    pub secure: bool,
    /// How long a person waits for the service behind the site.
    pub patience: Duration,
    /// How long a body may take to come.
    pub slow: Duration,
    /// The longest body, in bytes.
    pub body: usize,
    /// So many requests at the same time that call the service.
    pub in_flight: usize,
}

impl Settings {
    /// The usual ones; what is told about a verdict is decided by these parts.
    #[must_use]
    pub fn new(parts: impl Parts) -> Self {
        let whose = parts.whose();
        let decide = move |verdict, patience| -> Boxed<Decision> {
            let parts = parts.clone();
            Box::pin(async move { parts.decide(verdict, patience).await })
        };
        Settings {
            whose,
            decide: Arc::new(decide),
            secure: false,
            patience: Duration::from_secs(3),
            slow: Duration::from_secs(5),
            body: 4 << 10,
            in_flight: 256,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("whose", &self.whose)
            .field("secure", &self.secure)
            .field("patience", &self.patience)
            .field("slow", &self.slow)
            .field("body", &self.body)
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

/// The site over these captchas. Requests have to carry the address of their peer, as
/// [`serve::serve`] has it: `ConnectInfo<SocketAddr>`.
pub fn router(captchas: impl Captchas, settings: Settings) -> Router {
    let _ = (captchas, settings.decide);
    Router::new()
}
