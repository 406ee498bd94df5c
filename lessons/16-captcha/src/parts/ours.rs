//! The parts that the site runs on. Each is the answer of an exercise, compiled where it lies: with the
//! feature `mine` the learner's own, where it has passed, else the solution. So there is one text of each
//! rule and not two that could differ, and no page of the book spells out what an exercise asks. Whoever
//! opens the files that `build.rs` names here is looking at solutions.
//!
//! An exercise has small types of its own, so that it can be checked without anything else. What is left
//! for this file is to translate between them and [`parts`](super).

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use l15_redis::server::Decode;
use redis::RedisResult;
use redis::aio::ConnectionManager;

use super::{Ask, Away, Decision, Drawn, Issued, Limits, Outgoing, Parts, Store, Verdict};

/// What `build.rs` has written for an exercise: `OWN`, and the answer itself.
macro_rules! exercise {
    ($name:ident, $id:literal) => {
        mod $name {
            include!(concat!(env!("OUT_DIR"), "/", $id, ".rs"));
        }
    };
}

exercise!(resp, "resp");
exercise!(setex, "setex");
exercise!(once_only, "once-only");
exercise!(issue, "issue");
exercise!(verify_once, "verify-once");
exercise!(attempts, "attempts");
exercise!(leak, "leak");
exercise!(fail_closed, "fail-closed");

/// The answers of the exercises as parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ours;

/// Who reads requests in the embedded Redis: with the feature `mine` the answer of `resp`, else `None`, and the
/// Redis reads them itself. The real one does so in any case.
#[must_use]
pub fn decode() -> Option<Decode> {
    cfg!(feature = "mine").then_some(resp::answer::request)
}

impl Parts for Ours {
    fn whose(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("resp", resp::OWN),
            ("setex", setex::OWN),
            ("once-only", once_only::OWN),
            ("issue", issue::OWN),
            ("verify-once", verify_once::OWN),
            ("attempts", attempts::OWN),
            ("leak", leak::OWN),
            ("fail-closed", fail_closed::OWN),
        ]
    }

    async fn keep(
        &self,
        redis: ConnectionManager,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> RedisResult<()> {
        setex::answer::keep(redis, key, value, seconds).await
    }

    async fn take(&self, redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
        once_only::answer::take(redis, key).await
    }

    async fn issue<S: Store>(
        &self,
        store: &S,
        ask: &Ask,
        code: String,
        seconds: u64,
    ) -> Result<Issued, Away> {
        use issue::answer as theirs;
        let ask = theirs::Ask {
            id: ask.id.clone(),
            session: ask.session.clone(),
            request: ask.request.clone(),
        };
        let issued = theirs::issue(&On(store), &ask, &code, seconds).await;
        Ok(match issued.map_err(|theirs::Away| away())? {
            theirs::Issued::Draw(code) => Issued::Draw(code),
            theirs::Issued::Pending => Issued::Pending,
        })
    }

    async fn verify<S: Store>(
        &self,
        store: &S,
        session: &str,
        id: &str,
        answer: &str,
    ) -> Result<Verdict, Away> {
        use verify_once::answer as theirs;
        let verdict = theirs::verify(&On(store), session, id, answer).await;
        Ok(match verdict.map_err(|theirs::Away| away())? {
            theirs::Verdict::Accepted => Verdict::Accepted,
            theirs::Verdict::Wrong => Verdict::Wrong,
            theirs::Verdict::Unknown => Verdict::Unknown,
        })
    }

    async fn allowed<S: Store>(
        &self,
        store: &S,
        session: &str,
        address: IpAddr,
        limits: Limits,
    ) -> Result<bool, Away> {
        use attempts::answer as theirs;
        let limits = theirs::Limits {
            per_session: limits.per_session,
            per_address: limits.per_address,
            seconds: limits.seconds(),
        };
        let allowed = theirs::allowed(&On(store), Some(session), address, &limits).await;
        allowed.map_err(|theirs::Away| away())
    }

    fn outgoing(&self, drawn: &Drawn) -> Outgoing {
        use leak::answer as theirs;
        let outgoing = theirs::outgoing(&theirs::Drawn {
            id: drawn.id.clone(),
            code: drawn.code.clone(),
            png: drawn.png.clone(),
        });
        Outgoing {
            headers: outgoing.headers,
            description: outgoing.description,
            log: outgoing.log,
        }
    }

    async fn decide(
        &self,
        verdict: impl Future<Output = Result<Verdict, Away>> + Send,
        patience: Duration,
    ) -> Decision {
        use fail_closed::answer as theirs;
        let verdict = async {
            Ok(match verdict.await.map_err(|_| theirs::Away)? {
                Verdict::Accepted => theirs::Verdict::Accepted,
                Verdict::Wrong => theirs::Verdict::Wrong,
                Verdict::Unknown => theirs::Verdict::Unknown,
            })
        };
        match theirs::decide(&Tokio, verdict, patience).await {
            theirs::Decision::Welcome => Decision::Welcome,
            theirs::Decision::Wrong => Decision::Wrong,
            theirs::Decision::Stale => Decision::Stale,
            theirs::Decision::TryLater => Decision::TryLater,
        }
    }
}

/// The store has said why already; an exercise only knows that it is away.
fn away() -> Away {
    Away("it has not answered".to_string())
}

/// Our store as each exercise knows it.
struct On<'a, S>(&'a S);

impl<S: Store> issue::answer::Store for On<'_, S> {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), issue::answer::Away> {
        let kept = self.0.keep(key, value, seconds).await;
        kept.map_err(|_| issue::answer::Away)
    }

    async fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, issue::answer::Away> {
        let there = self.0.keep_new(key, value, seconds).await;
        there.map_err(|_| issue::answer::Away)
    }

    async fn look(&self, key: &str) -> Result<Option<String>, issue::answer::Away> {
        self.0.look(key).await.map_err(|_| issue::answer::Away)
    }
}

impl<S: Store> verify_once::answer::Store for On<'_, S> {
    async fn look(&self, key: &str) -> Result<Option<String>, verify_once::answer::Away> {
        let there = self.0.look(key).await;
        there.map_err(|_| verify_once::answer::Away)
    }

    async fn take(&self, key: &str) -> Result<Option<String>, verify_once::answer::Away> {
        let taken = self.0.take(key).await;
        taken.map_err(|_| verify_once::answer::Away)
    }
}

impl<S: Store> attempts::answer::Store for On<'_, S> {
    async fn keep(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<(), attempts::answer::Away> {
        let kept = self.0.keep(key, value, seconds).await;
        kept.map_err(|_| attempts::answer::Away)
    }

    async fn look(&self, key: &str) -> Result<Option<String>, attempts::answer::Away> {
        self.0.look(key).await.map_err(|_| attempts::answer::Away)
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, attempts::answer::Away> {
        let count = self.0.count(key, seconds).await;
        count.map_err(|_| attempts::answer::Away)
    }
}

/// The time, for `fail-closed`.
struct Tokio;

impl fail_closed::answer::Clock for Tokio {
    async fn within<T: Send>(
        &self,
        time: Duration,
        work: impl Future<Output = T> + Send,
    ) -> Option<T> {
        tokio::time::timeout(time, work).await.ok()
    }
}
