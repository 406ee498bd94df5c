//! The site with everything that sees it: Envoy, two processes of ours, Redis, and Prometheus.

use std::path::Path;
use std::time::Duration;

use l17_production::seeing::questions::{ERRORS, P99, RATE, ask};
use l17_production::seeing::trace::Trace;
use services::Side;
use services::redis::Setup;
use stage::http::Request;
use stage::load::Load;
use tokio::time::{sleep, timeout};

use super::world::{TIMEOUT, World, path};
use super::{PROGRAM, lines};

async fn world() -> World {
    // The real Redis is for the demo; the spans are the same.
    let redis = Setup::of(Side::Embedded);
    World::start(Path::new(PROGRAM), redis).await.unwrap()
}

async fn picture(world: &World) {
    assert_eq!(world.picture("one").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_one_trace_and_its_end_is_sent() {
    let mut world = world().await;
    let known = world.receiver.ids();
    picture(&world).await;
    let all = |trace: &Trace| trace.rows.len() == 9;
    let (_, trace) = world.trace(&known, all).await.unwrap();
    let web = "web: GET /api/v1.0/imagecode/{id}";
    let service = "captchas: captcha.v1.GetCaptcha/Call";
    let expected = [
        "front-proxy: ingress".to_owned(),
        "front-proxy: router web egress < front-proxy: ingress".to_owned(),
        format!("{web} < front-proxy: router web egress"),
        format!("web: captcha.v1.GetCaptcha/Call < {web}"),
        format!("{service} < web: captcha.v1.GetCaptcha/Call"),
        format!("captchas: redis INCR < {service}"),
        format!("captchas: redis INCR < {service}"),
        format!("captchas: redis SET NX < {service}"),
        format!("captchas: draw < {service}"),
    ];
    assert_eq!(lines(&trace), expected);
    for row in &trace.rows {
        assert!(
            row.span.end >= row.span.start && !row.span.failed,
            "{row:?}"
        );
    }
    assert_eq!(trace.own_text().lines().count(), 10);

    // SIGTERM sends the batch that still waits; kill -9 does not.
    let known = world.receiver.ids();
    picture(&world).await;
    world.end_captchas().await.unwrap();
    world.trace(&known, all).await.expect("all of its spans");
    world.start_captchas().await.unwrap();

    let known = world.receiver.ids();
    picture(&world).await;
    world.kill_captchas();
    let web = |trace: &Trace| trace.rows.len() >= 4;
    let (id, _) = world
        .trace(&known, web)
        .await
        .expect("the spans of the web");
    sleep(Duration::from_secs(2)).await;
    let trace = world.receiver.trace(id);
    let services: Vec<&str> = trace.services();
    assert_eq!(services, ["front-proxy", "web"], "{}", trace.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_answers_three_questions() {
    let mut world = world().await;
    let proxy = world.proxy;
    let load = Load::start(2, Duration::from_millis(50), move || async move {
        let request = Request::get(path("load")).within(TIMEOUT);
        let answer = request.send(proxy).await.map_err(|it| it.to_string())?;
        match answer.status {
            200 => Ok("answered".to_owned()),
            status => Err(status.to_string()),
        }
    });
    let until = async |query: &str, right: fn(f64) -> bool| {
        let asked = async {
            loop {
                if let Some(answer) = ask(world.prometheus, query).await.unwrap()
                    && right(answer)
                {
                    return;
                }
                sleep(Duration::from_millis(200)).await;
            }
        };
        let asked = timeout(TIMEOUT, asked).await;
        asked.unwrap_or_else(|_| panic!("{query} has no such answer"));
    };
    until(RATE, |rate| rate > 1.0).await;
    until(ERRORS, |errors| errors == 0.0).await;
    until(P99, |p99| p99 > 0.0 && p99 < 5.0).await;
    world.redis.kill().await;
    until(ERRORS, |errors| errors > 0.5).await;
    let count = load.stop().await;
    assert!(count.answered() > 0);
    assert_eq!(count.failures().into_keys().collect::<Vec<_>>(), ["503"]);

    let wrong = ask(world.prometheus, "sum(").await.unwrap_err().to_string();
    assert!(wrong.contains("parse error"), "{wrong}");
}
