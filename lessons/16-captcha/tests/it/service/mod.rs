//! What the captcha service promises, each point by name: the faults of the notes, one by one. The service is
//! asked as a caller would ask it, without the network; Redis is the real one and the readable one.

mod away;
mod named;
mod security;

use std::net::SocketAddr;

use l16_captcha::pb::get_captcha_server::GetCaptcha;
use l16_captcha::pb::{self, Kind, Verdict};
use l16_captcha::rules::Limits;
use l16_captcha::service::{Captchas, Settings};
use l16_captcha::store::Redis;
use services::Side;
use services::redis::Setup;
use stage::log::{Captured, capture};
use tonic::{Code, Request, Status};

/// A service, the store that it runs on, and what it says.
pub(crate) struct Site {
    pub(crate) captchas: Captchas<Redis>,
    pub(crate) store: Redis,
    pub(crate) log: Captured,
}

/// So many that no test gets there by chance.
pub(crate) const MANY: Limits = Limits {
    per_session: 100_000,
    per_address: 100_000,
    seconds: 60,
};

impl Site {
    pub(crate) fn new(redis: SocketAddr, attempts: Limits, pictures: Limits) -> Site {
        Site::limited(redis, attempts, pictures, MANY)
    }

    /// One that limits right answers alone.
    pub(crate) fn passing(redis: SocketAddr, passes: Limits) -> Site {
        Site::limited(redis, MANY, MANY, passes)
    }

    fn limited(redis: SocketAddr, attempts: Limits, pictures: Limits, passes: Limits) -> Site {
        let store = Redis::new(redis).unwrap();
        let settings = Settings {
            redis,
            attempts,
            pictures,
            passes,
            ..Settings::default()
        };
        Site {
            captchas: Captchas::new(store.clone(), settings),
            store,
            log: capture(),
        }
    }

    pub(crate) fn free(redis: SocketAddr) -> Site {
        Site::new(redis, MANY, MANY)
    }

    pub(crate) async fn call(&self, ask: pb::CallRequest) -> Result<pb::CallResponse, Status> {
        let reply = self.captchas.call(Request::new(ask)).await?;
        assert!(reply.metadata().is_empty(), "{:?}", reply.metadata());
        Ok(reply.into_inner())
    }

    pub(crate) async fn verify(
        &self,
        session: &str,
        id: &str,
        answer: &str,
    ) -> Result<Verdict, Status> {
        self.verify_from("192.0.2.7", session, id, answer).await
    }

    pub(crate) async fn verify_from(
        &self,
        address: &str,
        session: &str,
        id: &str,
        answer: &str,
    ) -> Result<Verdict, Status> {
        let ask = pb::VerifyRequest {
            id: id.to_string(),
            session: session.to_string(),
            address: address.to_string(),
            answer: answer.to_string(),
            ..Default::default()
        };
        let reply = self.captchas.verify(Request::new(ask)).await?;
        assert!(reply.metadata().is_empty(), "{:?}", reply.metadata());
        Ok(reply.into_inner().verdict())
    }

    /// Draws a picture, and returns its code.
    pub(crate) async fn drawn(&self, session: &str, id: &str) -> String {
        self.call(picture(session, id, "r")).await.unwrap();
        self.code(session, id).await.unwrap()
    }

    pub(crate) async fn passed(&self, session: &str) -> Result<bool, Status> {
        let ask = pb::SessionRequest {
            session: session.to_string(),
        };
        let reply = self.captchas.session(Request::new(ask)).await?;
        Ok(reply.into_inner().passed)
    }

    /// What is right, as only the store knows it.
    pub(crate) async fn code(&self, session: &str, id: &str) -> Option<String> {
        use l16_captcha::rules::Store;
        let record = self.store.look(&format!("captcha:{session}:{id}")).await;
        let record = record.unwrap()?;
        Some(record.split_once(' ').unwrap().1.to_string())
    }
}

/// A picture for this session, under this id, in this request.
pub(crate) fn picture(session: &str, id: &str, request: &str) -> pb::CallRequest {
    pb::CallRequest {
        id: id.to_string(),
        session: session.to_string(),
        address: "192.0.2.7".to_string(),
        kind: Kind::Picture.into(),
        request: request.to_string(),
    }
}

pub(crate) async fn started(side: Side) -> services::redis::Redis {
    Setup::of(side).start().await.unwrap()
}

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code) -> Status {
    let status = outcome.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    status
}

#[tokio::test]
async fn a_picture_is_asked_for_answered_and_remembered() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let site = Site::free(redis.addr());
        let reply = site.call(picture("ada", "1", "r")).await.unwrap();
        assert!(reply.picture.starts_with(b"\x89PNG"), "{side}");
        assert_eq!(
            (reply.question.as_str(), reply.expires_in_seconds),
            ("", 300)
        );
        assert!(!reply.description.is_empty());
        let code = site.code("ada", "1").await.unwrap();
        assert_eq!(code.len(), 4);
        assert!(!site.passed("ada").await.unwrap());
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
        assert!(site.passed("ada").await.unwrap());
        assert!(!site.passed("bob").await.unwrap());
    }
}

#[tokio::test]
async fn a_question_is_the_same_in_words() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let site = Site::free(redis.addr());
        let mut ask = picture("ada", "1", "r");
        ask.kind = Kind::Question.into();
        let first = site.call(ask.clone()).await.unwrap();
        assert!(first.picture.is_empty() && first.description.is_empty());
        let code = site.code("ada", "1").await.unwrap();
        // Asked again, because the reply got lost: the same question.
        let again = site.call(ask).await.unwrap();
        assert_eq!(first.question, again.question, "{side}");
        let words = [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        ];
        let digit = |word: &str| words.iter().position(|one| *one == word);
        let text = first.question.replace([',', '.'], " ");
        let typed: String = text
            .split_whitespace()
            .filter_map(digit)
            .map(|digit| digit.to_string())
            .collect();
        assert_eq!(typed, code, "{side}: {}", first.question);
        let verdict = site
            .verify("ada", "1", &format!(" {typed} "))
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_captcha() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let site = Site::free(redis.addr());
        let code = site.drawn("ada", "1").await;
        site.call(picture("ada", "1", "r")).await.unwrap();
        assert_eq!(site.code("ada", "1").await.unwrap(), code, "{side}");
        // Two requests without a name are two.
        site.call(picture("ada", "2", "")).await.unwrap();
        let twice = site.call(picture("ada", "2", "")).await;
        refused(twice, Code::AlreadyExists);
    }
}
