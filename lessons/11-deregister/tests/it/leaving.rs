//! Each step of the graceful shutdown does what its name says, within its limit. The callers here have one
//! attempt: no retry hides a failure.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{consul, get, sides, until};
use l06_grpc::client::{Client, Options};
use l06_grpc::retry::Policy;
use l06_grpc::server::Settings;
use l09_register::instance::Instance;
use l09_register::keep::{Rhythm, keep};
use l09_register::registry::Registry;
use l09_register::service;
use l11_deregister::drain::{Limits, ShutdownReport, Staying, leave};
use services::Side;
use stage::log::{Captured, capture};
use tokio::time::{Instant, sleep};

/// A greeter that works so long for each call, registered.
async fn staying(registry: &Registry, work: Duration) -> Staying {
    let settings = Settings {
        work: Some(work),
        // The grace under test has to be the shorter one.
        grace: Duration::from_secs(600),
        ..Settings::default()
    };
    let options = service::Options {
        settings,
        ..service::Options::default()
    };
    let service = service::start(options).await.unwrap();
    let instance = Instance::new("greeter", service.addr);
    let id = instance.id.clone();
    let rhythm = Rhythm {
        look: Duration::from_millis(50),
        ..Rhythm::default()
    };
    let kept = keep(registry.clone(), instance, rhythm);
    let registered = kept.registered().wait_for(|yes| *yes).await.is_ok();
    assert!(registered);
    Staying {
        service,
        kept,
        registry: registry.clone(),
        id,
    }
}

fn client(addr: SocketAddr) -> Client {
    let mut options = Options::default();
    options.retry = Policy {
        attempts: 1,
        ..options.retry
    };
    Client::lazy(addr, options).unwrap()
}

fn limits(notice_ms: u64, grace_ms: u64) -> Limits {
    Limits {
        goodbye: Duration::from_secs(2),
        notice: Duration::from_millis(notice_ms),
        grace: Duration::from_millis(grace_ms),
    }
}

/// Leaves, and notes each step.
fn leaving(
    staying: Staying,
    limits: Limits,
) -> (tokio::task::JoinHandle<ShutdownReport>, Captured) {
    let steps = capture();
    (tokio::spawn(leave(staying, limits)), steps)
}

/// The steps so far, without what the greeter tells of its work meanwhile.
fn told(steps: &Captured) -> Vec<String> {
    let mut lines = steps.lines();
    lines.retain(|line| !line.starts_with("work "));
    lines
}

async fn off_the_list(steps: &Captured) {
    until("the step", async || steps.contains("deregistered")).await;
}

#[tokio::test]
async fn off_the_list_and_still_answering_until_all_have_their_answers() {
    for side in sides() {
        let (consul, registry) = consul(side).await;
        let staying = staying(&registry, Duration::from_millis(400)).await;
        let (addr, id) = (staying.service.addr, staying.id.clone());
        let client = client(addr);
        let (task, steps) = leaving(staying, limits(300, 60_000));
        off_the_list(&steps).await;
        assert_eq!(registry.knows(&id).await, Ok(false), "{side}");
        // A caller has the address from before, and it takes longer than the notice.
        let reply = client.greet("Ada").await;
        assert!(reply.is_ok(), "{side}: {reply:?}");
        let left = task.await.unwrap();
        assert_eq!(
            left,
            ShutdownReport {
                told: true,
                finished: true
            },
            "{side}"
        );
        let expected = [
            "NOT_SERVING; calls are answered",
            "deregistered; calls are answered",
            "the notice is over: GOAWAY to every connection",
            "all calls are finished",
        ];
        assert_eq!(told(&steps), expected, "{side}");
        // The keeper looked every 50 ms: it must not have registered it again.
        assert_eq!(registry.knows(&id).await, Ok(false), "{side}");
        assert!(client.greet("Ada").await.is_err(), "{side}: gone at last");
        consul.stop().await;
    }
}

#[tokio::test]
async fn health_says_it_before_the_list_does() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;

    let (consul, registry) = consul(Side::Embedded).await;
    let staying = staying(&registry, Duration::ZERO).await;
    let mut health = HealthClient::new(client(staying.service.addr).channel());
    let status = async |health: &mut HealthClient<_>| {
        let reply = health.check(HealthCheckRequest::default()).await.unwrap();
        reply.into_inner().status()
    };
    assert_eq!(status(&mut health).await, ServingStatus::Serving);
    let (task, steps) = leaving(staying, limits(300, 1000));
    off_the_list(&steps).await;
    assert_eq!(status(&mut health).await, ServingStatus::NotServing);
    task.await.unwrap();
    consul.stop().await;
}

#[tokio::test]
async fn a_call_that_takes_for_ever_is_cut_after_the_grace() {
    let (consul, registry) = consul(Side::Embedded).await;
    let staying = staying(&registry, Duration::from_secs(20)).await;
    let client = client(staying.service.addr);
    let call = tokio::spawn(async move { client.greet("Ada").await });
    sleep(Duration::from_millis(200)).await;
    let since = Instant::now();
    let (task, steps) = leaving(staying, limits(0, 300));
    let left = task.await.unwrap();
    assert!(!left.finished && left.told, "{left:?}");
    let last = told(&steps).pop();
    assert_eq!(last.unwrap(), "the grace is over, and calls are cut off");
    assert!(since.elapsed() < Duration::from_secs(10));
    // In a program the process would end here, and the call with it.
    call.abort();
    consul.stop().await;
}

#[tokio::test]
async fn a_consul_that_is_away_is_not_waited_for() {
    let (consul, registry) = consul(Side::Embedded).await;
    let staying = staying(&registry, Duration::ZERO).await;
    consul.stop().await;
    let since = Instant::now();
    // A notice that would be noticed: it makes no sense to wait for it.
    let (task, steps) = leaving(staying, limits(60_000, 1000));
    let left = task.await.unwrap();
    assert!(!left.told && left.finished, "{left:?}");
    assert!(since.elapsed() < Duration::from_secs(30));
    let steps = told(&steps);
    assert!(steps[1].starts_with("could not deregister: "), "{steps:?}");
}

#[tokio::test]
async fn a_consul_that_is_back_in_time_is_told() {
    let (consul, registry) = consul(Side::Embedded).await;
    let addr = consul.addr();
    let staying = staying(&registry, Duration::ZERO).await;
    consul.stop().await;
    let limits = Limits {
        goodbye: Duration::from_secs(30),
        ..limits(0, 1000)
    };
    let (task, _) = leaving(staying, limits);
    sleep(Duration::from_millis(500)).await;
    let consul = services::consul::Setup::of(Side::Embedded)
        .at(addr.port())
        .start()
        .await
        .unwrap();
    let left = task.await.unwrap();
    assert!(left.told && left.finished, "{left:?}");
    assert!(
        get(addr, "/v1/agent/services")
            .await
            .get("greeter")
            .is_none()
    );
    consul.stop().await;
}
