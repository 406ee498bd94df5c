//! A code is good for one answer: a thousand at the same time, through two services of the same name, and
//! one of them is told that it was right. Lesson 15 has shown what GET and then DEL would have made of it.

use std::net::SocketAddr;

use l13_framework::options::Options;
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l16_captcha::pb::{CallRequest, Verdict, VerifyRequest};
use l16_captcha::rules::Limits;
use l16_captcha::service::{self, Settings};
use services::Side;
use services::redis::Setup;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// So many answers at the same time.
const ANSWERS: usize = 1000;

/// Lines to each service: one would put all calls in a row before they get there.
const LINES: usize = 2;

/// Two services of this process on one Redis, and clients of both.
async fn clients(redis: SocketAddr, running: &mut JoinSet<()>) -> Vec<GetCaptchaClient<Channel>> {
    let none = Limits {
        per_session: u64::MAX,
        per_address: u64::MAX,
        ..Settings::default().attempts
    };
    let settings = Settings {
        redis,
        attempts: none,
        passes: none,
        pictures: none,
        ..Settings::default()
    };
    let mut clients = Vec::new();
    for _ in 0..2 {
        let options = Options {
            registry: Some("memory".to_string()),
            ..Options::default()
        };
        let service = service::service(options, settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        running.spawn(async move {
            let left = service.run_on(listener, std::future::pending()).await;
            left.expect("a service");
        });
        for _ in 0..LINES {
            clients.push(GetCaptchaClient::connect(url.clone()).await.unwrap());
        }
    }
    clients
}

/// How often a thousand right answers to one captcha were called right, wrong, and too late.
async fn race(
    redis: SocketAddr,
    clients: &[GetCaptchaClient<Channel>],
    id: String,
) -> (usize, usize, usize) {
    let session = "0123456789abcdef0123456789abcdef".to_string();
    let call = CallRequest {
        id: id.clone(),
        session: session.clone(),
        ..CallRequest::default()
    };
    clients[0].clone().call(call).await.expect("a captcha");
    let answer = crate::support::code(redis, &session, &id)
        .await
        .expect("a code");
    let start = std::sync::Arc::new(Barrier::new(ANSWERS));
    let mut tasks = JoinSet::new();
    for number in 0..ANSWERS {
        let mut client = clients[number % clients.len()].clone();
        let start = start.clone();
        let request = VerifyRequest {
            id: id.clone(),
            session: session.clone(),
            answer: answer.clone(),
            ..VerifyRequest::default()
        };
        tasks.spawn(async move {
            start.wait().await;
            let reply = client.verify(request).await.expect("a verdict");
            reply.into_inner().verdict()
        });
    }
    let verdicts = tasks.join_all().await;
    let count = |wanted| verdicts.iter().filter(|its| **its == wanted).count();
    (
        count(Verdict::Accepted),
        count(Verdict::Wrong),
        count(Verdict::Unknown),
    )
}

async fn races(side: Side, times: usize) {
    let redis = Setup::of(side).start().await.unwrap();
    let mut running = JoinSet::new();
    let clients = clients(redis.addr(), &mut running).await;
    for time in 0..times {
        let verdicts = race(redis.addr(), &clients, format!("race-{time}")).await;
        assert_eq!(
            verdicts,
            (1, 0, ANSWERS - 1),
            "right, wrong, too late; race {time}"
        );
    }
    redis.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_thousand_answers_is_right_a_hundred_times_on_the_real_redis() {
    races(Side::Real, 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_thousand_answers_is_right_on_the_readable_redis() {
    races(Side::Embedded, 1).await;
}
