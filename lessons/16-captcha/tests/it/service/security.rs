//! Access to the site: which answers must not open it, and which visitors must not be locked out by others.

use std::net::SocketAddr;
use std::time::Duration;

use l15_redis::clock::Clock;
use l15_redis::server::{Config, Server};
use l16_captcha::pb::get_captcha_server::GetCaptcha;
use l16_captcha::pb::{self, Kind, Verdict};
use l16_captcha::rules::{Drawn, Limits, Store};
use l16_captcha::service::{RETRY_AFTER, Settings};
use services::Side;
use tokio::task::JoinSet;
use tonic::Code;

use super::{MANY, Site, picture, refused, started};

/// A Redis whose clock is moved by hand.
async fn with_a_clock() -> (Server, Clock) {
    let clock = Clock::by_hand();
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    (Server::start(config).await.unwrap(), clock)
}

/// A site, and the code that waits under the id `1` of the session `ada`.
async fn with_a_picture(redis: SocketAddr) -> (Site, String) {
    let site = Site::free(redis);
    let code = site.drawn("ada", "1").await;
    (site, code)
}

fn wrong(code: &str) -> String {
    let turned: String = code.chars().rev().collect();
    if turned == code {
        "0000".to_string()
    } else {
        turned
    }
}

#[tokio::test]
async fn one_use_whatever_the_answer() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let wrongs = ["", "0", "not digits", "99999999999999999999", "\0", "é"];
        for (number, answer) in wrongs.iter().enumerate() {
            let site = Site::free(redis.addr());
            let id = format!("n{number}");
            let code = site.drawn("ada", &id).await;
            let verdict = site.verify("ada", &id, answer).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong, "{side}: {answer:?}");
            let verdict = site.verify("ada", &id, &code).await.unwrap();
            assert_eq!(verdict, Verdict::Unknown, "{side}: {answer:?}");
            assert!(!site.passed("ada").await.unwrap(), "{side}");
        }
        let (site, code) = with_a_picture(redis.addr()).await;
        let verdict = site.verify("ada", "1", &wrong(&code)).await.unwrap();
        assert_eq!(verdict, Verdict::Wrong, "{side}");
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Unknown, "{side}");
    }
}

#[tokio::test]
async fn replay_is_refused() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let (site, code) = with_a_picture(redis.addr()).await;
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
        for _ in 0..3 {
            let verdict = site.verify("ada", "1", &code).await.unwrap();
            assert_eq!(verdict, Verdict::Unknown, "{side}");
        }
        // An old request does not bring the old code back.
        site.call(picture("ada", "1", "r")).await.unwrap();
        assert!(site.code("ada", "1").await.is_some(), "{side}");
    }
}

#[tokio::test]
async fn of_many_at_once_one_is_accepted() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let (site, code) = with_a_picture(redis.addr()).await;
        let (site, mut all) = (std::sync::Arc::new(site), JoinSet::new());
        for _ in 0..100 {
            let (site, code) = (std::sync::Arc::clone(&site), code.clone());
            all.spawn(async move { site.verify("ada", "1", &code).await.unwrap() });
        }
        let verdicts = all.join_all().await;
        let accepted = verdicts.iter().filter(|one| **one == Verdict::Accepted);
        assert_eq!(accepted.count(), 1, "{side}");
        let unknown = verdicts.iter().filter(|one| **one == Verdict::Unknown);
        assert_eq!(unknown.count(), 99, "{side}");
    }
}

#[tokio::test]
async fn an_answer_is_too_late_after_300_s() {
    let (server, clock) = with_a_clock().await;
    let (site, code) = with_a_picture(server.address()).await;
    clock.advance(Duration::from_secs(299));
    let second = site.drawn("ada", "2").await;
    clock.advance(Duration::from_secs(2));
    let verdict = site.verify("ada", "1", &code).await.unwrap();
    assert_eq!(verdict, Verdict::Unknown);
    assert!(!site.passed("ada").await.unwrap());
    let verdict = site.verify("ada", "2", &second).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    server.stop().await;
}

#[tokio::test]
async fn who_has_passed_is_forgotten_after_600_s() {
    let (server, clock) = with_a_clock().await;
    let (site, code) = with_a_picture(server.address()).await;
    site.verify("ada", "1", &code).await.unwrap();
    clock.advance(Duration::from_secs(599));
    assert!(site.passed("ada").await.unwrap());
    clock.advance(Duration::from_secs(2));
    assert!(!site.passed("ada").await.unwrap());
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_session_is_refused_and_uses_nothing_up() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let (site, code) = with_a_picture(redis.addr()).await;
        let verdict = site.verify("bob", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Unknown, "{side}");
        assert!(!site.passed("bob").await.unwrap(), "{side}");
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
    }
}

#[tokio::test]
async fn an_unknown_id_is_refused_whatever_the_answer() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let site = Site::free(redis.addr());
        for answer in ["", "1234", "0", " "] {
            let verdict = site.verify("ada", "unused", answer).await.unwrap();
            assert_eq!(verdict, Verdict::Unknown, "{side}: {answer:?}");
        }
        assert!(!site.passed("ada").await.unwrap(), "{side}");
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_before_anything_happens() {
    let (server, _) = with_a_clock().await;
    let (site, code) = with_a_picture(server.address()).await;
    let long = "x".repeat(65);
    // Among them what would be the key of another session.
    for bad in ["", " ", "a:1", "1\r\nDEL x", "../1", "é", "*", &long] {
        let mut ask = picture("ada", bad, "r");
        refused(site.call(ask.clone()).await, Code::InvalidArgument);
        (ask.id, ask.session) = ("2".to_string(), bad.to_string());
        refused(site.call(ask.clone()).await, Code::InvalidArgument);
        ask.session = "ada".to_string();
        if !bad.is_empty() {
            ask.request = bad.to_string();
            let status = refused(site.call(ask).await, Code::InvalidArgument);
            // What was sent does not come back.
            assert!(!status.message().contains("DEL"), "{status:?}");
        }
        let verdict = site.verify("ada", bad, &code).await;
        refused(verdict, Code::InvalidArgument);
        let verdict = site.verify(bad, "1", &code).await;
        refused(verdict, Code::InvalidArgument);
        refused(site.passed(bad).await, Code::InvalidArgument);
        let verdict = site.verify_from("not an address", "ada", "1", &code).await;
        refused(verdict, Code::InvalidArgument);
    }
    // And the captcha is as it was.
    let verdict = site.verify("ada", "1", &code).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    server.stop().await;
}

#[tokio::test]
async fn a_waiting_captcha_is_not_overwritten() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let (site, code) = with_a_picture(redis.addr()).await;
        for kind in [Kind::Picture, Kind::Question] {
            let mut ask = picture("ada", "1", "another");
            ask.kind = kind.into();
            refused(site.call(ask).await, Code::AlreadyExists);
        }
        // Another session has its own under the same id.
        site.call(picture("bob", "1", "r")).await.unwrap();
        assert_eq!(site.code("ada", "1").await.unwrap(), code, "{side}");
        let verdict = site.verify("ada", "1", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{side}");
    }
}

/// Three for a session, five for an address.
const FEW: Limits = Limits {
    per_session: 3,
    per_address: 5,
    seconds: 60,
};

#[tokio::test]
async fn too_many_attempts_of_a_session() {
    let (server, clock) = with_a_clock().await;
    let site = Site::new(server.address(), FEW, MANY);
    let code = site.drawn("ada", "1").await;
    for _ in 0..3 {
        let verdict = site.verify("ada", "other", "1").await.unwrap();
        assert_eq!(verdict, Verdict::Unknown);
    }
    let status = refused(
        site.verify("ada", "1", &code).await,
        Code::ResourceExhausted,
    );
    // For people and for programs: how long.
    assert!(status.message().contains("60 s"), "{status:?}");
    assert_eq!(status.metadata().get(RETRY_AFTER).unwrap(), "60");
    // Another address does not help, and the captcha is as it was.
    let from = site.verify_from("192.0.2.8", "ada", "1", &code).await;
    refused(from, Code::ResourceExhausted);
    clock.advance(Duration::from_secs(61));
    let verdict = site.verify("ada", "1", &code).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    server.stop().await;
}

#[tokio::test]
async fn a_made_up_session_each_time_does_not_help() {
    let (server, _) = with_a_clock().await;
    let site = Site::new(server.address(), FEW, FEW);
    for number in 0..5 {
        let session = format!("s{number}");
        site.verify(&session, "1", "1234").await.unwrap();
        site.call(picture(&session, "1", "r")).await.unwrap();
    }
    let another = site.verify("s5", "1", "1234").await;
    refused(another, Code::ResourceExhausted);
    refused(
        site.call(picture("s5", "1", "r")).await,
        Code::ResourceExhausted,
    );
    // One visitor in two ways of writing, and an address of its own.
    let mapped = site.verify_from("::ffff:192.0.2.7", "s6", "1", "1").await;
    refused(mapped, Code::ResourceExhausted);
    let elsewhere = site.verify_from("192.0.2.8", "s6", "1", "1").await.unwrap();
    assert_eq!(elsewhere, Verdict::Unknown);
    server.stop().await;
}

#[tokio::test]
async fn too_many_pictures() {
    let (server, clock) = with_a_clock().await;
    let site = Site::new(server.address(), MANY, FEW);
    for id in ["1", "2", "3"] {
        site.call(picture("ada", id, "r")).await.unwrap();
    }
    let status = refused(
        site.call(picture("ada", "4", "r")).await,
        Code::ResourceExhausted,
    );
    assert_eq!(status.metadata().get(RETRY_AFTER).unwrap(), "60");
    assert_eq!(site.code("ada", "4").await, None);
    // Pictures are counted apart from attempts: those that she has can be answered.
    let code = site.code("ada", "3").await.unwrap();
    let verdict = site.verify("ada", "3", &code).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    clock.advance(Duration::from_secs(61));
    site.call(picture("ada", "4", "r")).await.unwrap();
    server.stop().await;
}

/// A flood from an address that a class shares: 900 pictures, and 300 wrong answers.
#[tokio::test]
async fn a_flood_leaves_a_share_to_known_sessions() {
    let (server, _) = with_a_clock().await;
    let site = Site::new(server.address(), FEW, FEW);
    let code = site.drawn("ada", "1").await;
    site.verify("ada", "1", &code).await.unwrap();
    for number in 0..20 {
        let session = format!("s{number}");
        let _ = site.call(picture(&session, "1", "r")).await;
        let _ = site.verify(&session, "1", "1234").await;
    }
    let late = site.call(picture("new", "1", "r")).await;
    refused(late, Code::ResourceExhausted);
    // Ada was let in before: a third of the limit is kept for such sessions.
    site.call(picture("ada", "2", "r")).await.unwrap();
    site.verify("ada", "2", "1234").await.unwrap();
    let again = site.call(picture("ada", "3", "r")).await;
    refused(again, Code::ResourceExhausted);
    server.stop().await;
}

/// A program that reads nearly every picture.
#[tokio::test]
async fn right_answers_are_limited_as_well() {
    let (server, clock) = with_a_clock().await;
    let passes = Settings::default().passes;
    let site = Site::passing(server.address(), passes);
    let mut let_in = 0;
    for number in 0..90 {
        let session = format!("s{number}");
        let code = site.drawn(&session, "1").await;
        match site.verify(&session, "1", &code).await {
            Ok(verdict) => assert_eq!(verdict, Verdict::Accepted),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
        }
        let_in += usize::from(site.passed(&session).await.unwrap());
    }
    assert_eq!(let_in, 60, "of 90 right answers within a minute");
    clock.advance(Duration::from_secs(61));
    let code = site.drawn("late", "1").await;
    let verdict = site.verify("late", "1", &code).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    server.stop().await;
}

/// A store that answers every question with the same words lets no session in.
#[tokio::test]
async fn a_lying_store_lets_no_session_in() {
    let (server, _) = with_a_clock().await;
    let site = Site::free(server.address());
    for (lie, passed) in [
        ("OK", false),
        ("", false),
        ("0", false),
        ("11", false),
        ("1", true),
    ] {
        site.store.keep("passed:ada", lie, 60).await.unwrap();
        assert_eq!(site.passed("ada").await.unwrap(), passed, "{lie:?}");
    }
    server.stop().await;
}

/// A program has planted its own cookie in a browser, and waits until its visitor gives a right answer.
#[tokio::test]
async fn session_fixation() {
    let (server, _) = with_a_clock().await;
    let (site, code) = with_a_picture(server.address()).await;
    let answer = pb::VerifyRequest {
        id: "1".to_string(),
        session: "ada".to_string(),
        address: "192.0.2.7".to_string(),
        answer: code,
        next_session: "new".to_string(),
    };
    let reply = site.captchas.verify(tonic::Request::new(answer)).await;
    assert_eq!(reply.unwrap().into_inner().verdict(), Verdict::Accepted);
    assert!(site.passed("new").await.unwrap());
    assert!(!site.passed("ada").await.unwrap(), "the planted session");
    server.stop().await;
}

#[tokio::test]
async fn a_class_behind_one_address_gets_in() {
    let (server, _) = with_a_clock().await;
    let usual = Settings::default();
    let site = Site::new(server.address(), usual.attempts, usual.pictures);
    for pupil in 0..30 {
        let session = format!("pupil{pupil}");
        // Each pupil needs a second picture, and mistypes once.
        for id in ["1", "2", "3"] {
            site.call(picture(&session, id, "r")).await.unwrap();
        }
        site.verify(&session, "1", "wrong").await.unwrap();
        let code = site.code(&session, "2").await.unwrap();
        let verdict = site.verify(&session, "2", &code).await.unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{pupil}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_answer_is_in_nothing_that_leaves() {
    let (server, _) = with_a_clock().await;
    let site = Site::free(server.address());
    for number in 0..50 {
        // No digits in the names, so that none of them is there by chance.
        let id: String = format!("{number:02}").bytes().map(letter).collect();
        let reply = site.call(picture("ada", &id, "r")).await.unwrap();
        let code = site.code("ada", &id).await.unwrap();
        let back: String = code.chars().rev().collect();
        let mut texts = vec![reply.description, reply.question];
        for header in reply.headers {
            texts.extend([header.name, header.value]);
        }
        // A length is a number too: it has nothing to do with the code, and can look like it.
        let length = format!("{} bytes", reply.picture.len());
        texts.extend(site.log.take().iter().map(|line| line.replace(&length, "")));
        for text in texts {
            assert!(!text.contains(&code) && !text.contains(&back), "{text:?}");
        }
        // A PNG can carry texts: this one has none.
        for chunk in [b"tEXt", b"zTXt", b"iTXt"] {
            assert!(!reply.picture.windows(4).any(|four| four == chunk));
        }
        // Nor what was typed, which is often nearly right.
        let verdict = site.verify("ada", &id, "typed").await.unwrap();
        assert_eq!(verdict, Verdict::Wrong);
        let log = site.log.take();
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(
            !log[0].contains("typed") && !log[0].contains(&code),
            "{log:?}"
        );
    }
    server.stop().await;
}

/// A letter for a digit.
fn letter(digit: u8) -> char {
    char::from(digit - b'0' + b'a')
}

#[test]
fn the_answer_is_not_in_a_debug_line() {
    let drawn = Drawn {
        id: "abc".to_string(),
        code: "7291".to_string(),
        png: vec![1, 2, 3],
    };
    let line = format!("{drawn:?} {drawn:#?}");
    assert!(line.contains("abc") && !line.contains("7291"), "{line}");
}

#[tokio::test]
async fn the_answer_does_not_come_from_the_id() {
    let (server, _) = with_a_clock().await;
    let site = Site::free(server.address());
    // The same names each time, and each time a code that is not predictable.
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let code = site.drawn("ada", "1").await;
        site.verify("ada", "1", &code).await.unwrap();
        codes.insert(code);
    }
    // Of 4,096 codes a hundred are nearly all different; fewer than 80 would be one run in more than 10^12.
    assert!(codes.len() > 80, "{} of 100 are different", codes.len());
    server.stop().await;
}
