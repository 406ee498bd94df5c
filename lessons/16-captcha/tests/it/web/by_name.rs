//! The captchas by name, over a registry in memory and services that fail on purpose.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use l13_framework::client::{Client, Settings};
use l13_framework::registries::memory::Memory;
use l13_framework::registry::Registry;
use l13_framework::service::Service;
use l16_captcha::pb::{CallRequest, CallResponse, VerifyRequest, VerifyResponse};
use l16_captcha::service::NAME;
use l16_captcha::web::{ByName, Captchas, router};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

use super::fake::{RIGHT, ask, get, post, settings};

type Heard = Arc<Mutex<Vec<String>>>;

/// A service that does what it is asked, and whose replies are lost if it is `sick`.
async fn start(registry: &Arc<dyn Registry>, sick: bool) -> Heard {
    let heard = Heard::default();
    let (called, asked) = (heard.clone(), heard.clone());
    let lost = move || match sick {
        true => Err(Status::unavailable("the reply is lost")),
        false => Ok(()),
    };
    let service = Service::new(NAME)
        .registry(registry.clone())
        .handle("captcha.v1.GetCaptcha/Call", move |request: CallRequest| {
            called.lock().unwrap().push(request.request);
            async move { lost().map(|()| CallResponse::default()) }
        })
        .handle(
            "captcha.v1.GetCaptcha/Verify",
            move |request: VerifyRequest| {
                asked.lock().unwrap().push(request.id);
                async move { lost().map(|()| VerifyResponse::default()) }
            },
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let id = service.id();
    tokio::spawn(service.run_on(listener, std::future::pending()));
    let since = Instant::now();
    loop {
        let list = registry.get_service(NAME).await.unwrap();
        if list.iter().any(|one| one.id == id) {
            return heard;
        }
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "never registered"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn name(number: usize) -> CallRequest {
    CallRequest {
        request: format!("request-{number}"),
        ..CallRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_asked_for_again_and_a_verdict_is_not() {
    let registry: Arc<dyn Registry> = Arc::new(Memory::new());
    let sick = start(&registry, true).await;
    let well = start(&registry, false).await;
    let client = Client::new(registry.clone(), Settings::default());
    let captchas = ByName(client.clone());
    let mut number = 0;
    while sick.lock().unwrap().is_empty() {
        number += 1;
        let reply = captchas.call(name(number), soon()).await;
        reply.expect("the other one has it");
        assert!(number < 1000, "no call ever goes to the failing instance");
    }
    // The same request, so that the one who has it already makes no second captcha of it.
    let twice = sick.lock().unwrap()[0].clone();
    assert!(well.lock().unwrap().contains(&twice), "{twice}");
    let lines = client.service(NAME).connections();
    assert!(
        lines <= 2,
        "{lines} lines to two services, for {number} calls"
    );

    let registry: Arc<dyn Registry> = Arc::new(Memory::new());
    let (one, two) = (start(&registry, true).await, start(&registry, true).await);
    let captchas = ByName(Client::new(registry.clone(), Settings::default()));
    let request = VerifyRequest {
        id: "a".to_string(),
        ..VerifyRequest::default()
    };
    let failed = captchas.verify(request, soon()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    let heard = one.lock().unwrap().len() + two.lock().unwrap().len();
    assert_eq!(heard, 1, "judged once, whatever became of the reply");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_instance_is_told_in_words() {
    let registry: Arc<dyn Registry> = Arc::new(Memory::new());
    let site = router(
        ByName(Client::new(registry, Settings::default())),
        settings(),
    );
    let answer = format!(r#"{{"id":"a","answer":"{RIGHT}"}}"#);
    for request in [
        get("/api/v1.0/imagecode/a"),
        get("/api/v1.0/session"),
        post("/api/v1.0/verify", &answer),
    ] {
        let reply = ask(&site, request).await;
        assert_eq!(reply.told(), (503, "4001".to_string()));
        assert!(!reply.text().contains(NAME), "{}", reply.text());
    }
}
