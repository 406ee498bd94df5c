//! `go.micro.srv.getCaptcha`: makes captchas and judges answers. The [`rules`](crate::rules) say what is
//! right; here is the way in: the request is validated, limited, and answered with a gRPC status.

mod check;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use l13_framework::options::Options;
use l13_framework::service::Service;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use crate::code;
use crate::pb;
use crate::pb::get_captcha_server::{GetCaptcha, GetCaptchaServer};
use crate::picture::Painter;
use crate::question;
use crate::rules::{self, Drawn, IssueRequest, Issued, Limits, Store, Verdict};
use crate::store::{Redis, Scoped};

/// The name that callers ask for.
pub const NAME: &str = "go.micro.srv.getCaptcha";

/// The default address of the service.
pub const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8880);

/// The metadata of a RESOURCE_EXHAUSTED: in so many seconds at the latest it is worth another try.
pub const RETRY_AFTER: &str = "retry-after";

// ANCHOR: settings
/// The settings of the captcha service.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where Redis is. It need not be there yet.
    pub redis: SocketAddr,
    /// How long an answer is kept; whole seconds.
    pub ttl: Duration,
    /// How long a right answer is remembered; whole seconds.
    pub remembered: Duration,
    /// How many answers may be tried.
    pub attempts: Limits,
    /// How many pictures and questions may be asked for.
    pub pictures: Limits,
    /// How many right answers may be given.
    pub passes: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            redis: SocketAddr::from(([127, 0, 0, 1], 6379)),
            ttl: Duration::from_secs(300),
            remembered: Duration::from_secs(600),
            // A person needs ten seconds for one. A class of thirty sits behind one address.
            attempts: Limits {
                per_session: 10,
                per_address: 300,
                seconds: 60,
            },
            pictures: Limits {
                per_session: 30,
                per_address: 900,
                seconds: 60,
            },
            // A program that reads nearly all pictures gives right answers, and these are limited as well.
            passes: Limits {
                per_session: 10,
                per_address: 60,
                seconds: 60,
            },
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: service
/// The service on Redis. Has to be called within a tokio runtime.
///
/// # Errors
/// What [`Service::with`] says about the options, or the client of Redis about its settings.
pub fn service(options: Options, settings: Settings) -> anyhow::Result<Service> {
    let captchas = Captchas::new(Redis::new(settings.redis)?, settings);
    Ok(Service::new(NAME)
        .version("1.0.0")
        .address(USUAL)
        .with(options)?
        .grpc(GetCaptchaServer::new(captchas))
        .descriptors(pb::DESCRIPTORS))
}
// ANCHOR_END: service

/// The captcha service, on any store.
pub struct Captchas<S> {
    store: S,
    settings: Settings,
    painter: Painter,
}

impl<S: Store> Captchas<S> {
    /// Makes the service on this store.
    pub fn new(store: S, settings: Settings) -> Self {
        Captchas {
            store,
            settings,
            painter: Painter::new(),
        }
    }

    /// Counts an attempt, and refuses it beyond the limits. `what` is what is counted, for keys and for people.
    ///
    /// A flood can use up the limit of an address that it shares with honest visitors. So a share as large as a third of
    /// that limit is kept for sessions that were let in lately: a flood without right answers cannot use it.
    async fn allow(
        &self,
        what: &'static str,
        who: (&str, IpAddr),
        limits: Limits,
    ) -> Result<(), Status> {
        let store = Scoped::new(&self.store, what);
        let allowed = rules::allowed(&store, Some(who.0), who.1, &limits).await;
        if allowed.map_err(check::unavailable)? {
            return Ok(());
        }
        if self.passed(who.0).await? {
            let share = Limits {
                per_address: limits.per_address / 3,
                ..limits
            };
            let store = Scoped::new(&store, "known");
            let allowed = rules::allowed(&store, Some(who.0), who.1, &share).await;
            if allowed.map_err(check::unavailable)? {
                return Ok(());
            }
        }
        let seconds = limits.seconds;
        let words = format!("too many {what}; try again in at most {seconds} s");
        let mut status = Status::resource_exhausted(words);
        let seconds = MetadataValue::from(seconds);
        status.metadata_mut().insert(RETRY_AFTER, seconds);
        Err(status)
    }

    /// Returns whether this session was let in lately. Any other value than the one that is written counts as none.
    async fn passed(&self, session: &str) -> Result<bool, Status> {
        let passed = self.store.look(&passed(session)).await;
        Ok(passed.map_err(check::unavailable)?.as_deref() == Some(LET_IN))
    }

    /// Keeps the answer; the code to draw.
    async fn issue(&self, ask: &IssueRequest, code: String) -> Result<String, Status> {
        let seconds = self.settings.ttl.as_secs();
        let issued = rules::issue(&self.store, ask, &code, seconds).await;
        match issued.map_err(check::unavailable)? {
            Issued::Draw(code) => Ok(code),
            Issued::Pending => Err(check::pending()),
        }
    }

    // ANCHOR: picture
    async fn picture(&self, ask: &IssueRequest) -> Result<Drawn, Status> {
        let fresh = code::fresh(code::LENGTH).map_err(check::no_randomness)?;
        let code = self.issue(ask, fresh).await?;
        let seed = code::seed().map_err(check::no_randomness)?;
        // On this thread: drawing takes less than a millisecond, and moving it elsewhere costs as well.
        let png = tracing::info_span!("draw").in_scope(|| self.painter.png(&code, seed));
        let png = png.map_err(|_| Status::internal("the picture could not be drawn"))?;
        Ok(Drawn {
            id: ask.id.clone(),
            code,
            png,
        })
    }
    // ANCHOR_END: picture

    async fn question(&self, ask: &IssueRequest) -> Result<(Drawn, String), Status> {
        let fresh = question::ask(code::seed().map_err(check::no_randomness)?);
        // Asked from the code that is kept: if this request came before, it is that of the first time.
        let code = self.issue(ask, fresh.answer).await?;
        let words = question::words(&code);
        let drawn = Drawn {
            id: ask.id.clone(),
            code,
            png: Vec::new(),
        };
        Ok((drawn, words))
    }
}

#[tonic::async_trait]
impl<S: Store + 'static> GetCaptcha for Captchas<S> {
    async fn call(
        &self,
        request: Request<pb::CallRequest>,
    ) -> Result<Response<pb::CallResponse>, Status> {
        let peer = request.remote_addr();
        let asked = request.into_inner();
        let address = check::address(&asked.address, peer)?;
        let ask = IssueRequest {
            id: check::name("id", asked.id)?,
            session: check::name("session", asked.session)?,
            request: match asked.request {
                // A request without a name cannot be repeated as the same request.
                none if none.is_empty() => code::id().map_err(check::no_randomness)?,
                request => check::name("request", request)?,
            },
        };
        let kind = pb::Kind::try_from(asked.kind).unwrap_or_default();
        let who = (ask.session.as_str(), address);
        self.allow("pictures", who, self.settings.pictures).await?;
        let (drawn, question) = match kind {
            pb::Kind::Question => self.question(&ask).await?,
            pb::Kind::Picture | pb::Kind::Unspecified => (self.picture(&ask).await?, String::new()),
        };
        let outgoing = rules::outgoing(&drawn);
        tracing::info!("{}", outgoing.log);
        let header = |(name, value)| pb::Header { name, value };
        let ttl = u32::try_from(self.settings.ttl.as_secs());
        Ok(Response::new(pb::CallResponse {
            // A question stands for itself.
            description: match question.is_empty() {
                true => outgoing.description,
                false => String::new(),
            },
            picture: drawn.png,
            question,
            headers: outgoing.headers.into_iter().map(header).collect(),
            expires_in_seconds: ttl.unwrap_or(u32::MAX),
        }))
    }

    // ANCHOR: verify
    async fn verify(
        &self,
        request: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        let peer = request.remote_addr();
        let asked = request.into_inner();
        let address = check::address(&asked.address, peer)?;
        let id = check::name("id", asked.id)?;
        let session = check::name("session", asked.session)?;
        let next = match asked.next_session {
            none if none.is_empty() => session.clone(),
            next => check::name("next_session", next)?,
        };
        let who = (session.as_str(), address);
        self.allow("attempts", who, self.settings.attempts).await?;
        let answer = code::tidy(&asked.answer);
        let verdict = rules::verify(&self.store, &session, &id, &answer).await;
        let verdict = verdict.map_err(check::unavailable)?;
        if verdict == Verdict::Accepted {
            self.allow("right answers", who, self.settings.passes)
                .await?;
            // Before the reply: a session is let in only if the store has it.
            let (key, seconds) = (passed(&next), self.settings.remembered.as_secs());
            let kept = self.store.keep(&key, LET_IN, seconds).await;
            kept.map_err(check::unavailable)?;
        }
        let (verdict, words) = match verdict {
            Verdict::Accepted => (pb::Verdict::Accepted, "a right answer"),
            Verdict::Wrong => (pb::Verdict::Wrong, "a wrong answer, and no second one"),
            Verdict::Unknown => (
                pb::Verdict::Unknown,
                "an answer, and there is no such captcha",
            ),
        };
        // Of what was typed not a word: a wrong answer is often nearly a right one.
        tracing::info!("captcha {id}: {words}");
        Ok(Response::new(pb::VerifyResponse {
            verdict: verdict.into(),
        }))
    }
    // ANCHOR_END: verify

    async fn session(
        &self,
        request: Request<pb::SessionRequest>,
    ) -> Result<Response<pb::SessionResponse>, Status> {
        let session = check::name("session", request.into_inner().session)?;
        let passed = self.passed(&session).await?;
        Ok(Response::new(pb::SessionResponse { passed }))
    }
}

/// What is stored for a session that was let in.
const LET_IN: &str = "1";

/// The key for a session that has given a right answer.
fn passed(session: &str) -> String {
    format!("passed:{session}")
}
