//! The life of a service: what it refuses to begin, when it is registered, how it stays and how it goes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::How;
use l13_framework::client::{Client, Settings};
use l13_framework::registry::Registry;
use l13_framework::service::Service;
use l13_framework::transport::{Connection, Transport};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::help;
use crate::help::{Away, HELLO, NAME, begin, call, greet, greeter, leaving, memory, start, until};

const BOTH: [Transport; 2] = [Transport::Grpc, Transport::Rpc];

/// A registry that can become unavailable, and the same as a trait object.
fn moody() -> (Away, Arc<dyn Registry>) {
    let moody = Away::default();
    (moody.clone(), Arc::new(moody))
}

/// Everything that was said about the service stands in the registry, and its address can be dialled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_the_registry() {
    for transport in BOTH {
        let registry = memory();
        let service = greeter(&registry, "one")
            .version("1.2.3")
            .metadata("zone", "a")
            .metadata("transport", "a lie")
            .transport(transport);
        let running = start(&registry, service).await;
        let list = registry.get_service(NAME).await.unwrap();
        let one = &list[0];
        assert_eq!(
            (one.id.as_str(), one.version.as_str()),
            (running.id.as_str(), "1.2.3")
        );
        assert_eq!(one.addr, running.addr);
        assert_eq!(one.metadata["zone"], "a");
        assert_eq!(one.metadata["transport"], transport.name());
        running.leave().await;
        assert!(registry.get_service(NAME).await.unwrap().is_empty());
    }
}

/// Bound to every address of the machine: an option has to say which one callers can dial.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_nobody_can_dial_is_never_advertised() {
    let registry = memory();
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let never = std::future::pending();
    let outcome = greeter(&registry, "one").run_on(everywhere, never).await;
    let words = outcome.unwrap_err().to_string();
    assert!(words.contains("--server_advertise 127.0.0.1"), "{words}");
    assert!(registry.get_service(NAME).await.unwrap().is_empty());

    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = everywhere.local_addr().unwrap().port();
    let none: [(String, String); 0] = [];
    let service = greeter(&registry, "one")
        .init(["--server_advertise", "127.0.0.1"], none)
        .unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(service.run_on(everywhere, async {
        let _ = stopped.await;
    }));
    let client = Client::new(registry.clone(), Settings::default());
    until("it is called", async || greet(&client, "Ada").await.is_ok()).await;
    let advertised = registry.get_service(NAME).await.unwrap()[0].addr;
    assert_eq!(advertised, SocketAddr::from(([127, 0, 0, 1], port)));
    drop(stop);
    task.await.unwrap().unwrap();
}

/// What is wrong is told before anything is registered, in words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_begin_says_why() {
    async fn hello(_: HelloRequest) -> Result<HelloReply, tonic::Status> {
        Ok(HelloReply::default())
    }
    let registry = memory();
    let new = || greeter(&registry, "one");
    let generated = tonic_health::server::health_reporter().1;
    for (service, words) in [
        (new().handle(HELLO, hello), "handled twice"),
        (
            new().handle("other.v1.Greeter/SayHello", hello),
            "handled twice",
        ),
        (new().handle("SayHello", hello), "user.v1.Say/Hello"),
        (
            new().transport(Transport::Rpc).grpc(generated),
            "--transport rpc",
        ),
        (
            new().metadata("long", "x".repeat(1 << 20)),
            "cannot be registered",
        ),
    ] {
        let running = begin(service).await;
        let failed = running.task.await.unwrap().unwrap_err();
        assert!(format!("{failed:#}").contains(words), "{words}: {failed:#}");
        assert!(
            registry.get_service(NAME).await.unwrap().is_empty(),
            "{words}"
        );
    }
}

/// A server that listens and does not answer is not registered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_answer_is_not_registered() {
    let registry = memory();
    let mut service = Service::new("web").registry(registry.clone());
    service = service.leaving(leaving());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Its server ends at once, and closes the listener.
    let outcome = service
        .run_with(listener, std::future::pending(), |listener, _| async move {
            drop(listener);
            Err::<(), _>(std::io::Error::other("no room left"))
        })
        .await;
    let words = format!("{:#}", outcome.unwrap_err());
    assert!(words.contains("no room left"), "{words}");
    assert!(registry.list_services().await.unwrap().is_empty());
}

/// A server that is not ours has the same life around it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_lives_the_same_life() {
    let registry = memory();
    let service = Service::new("web")
        .registry(registry.clone())
        .leaving(leaving());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task =
        tokio::spawn(
            service.run_with(listener, shutdown, |listener, mut ending| async move {
                loop {
                    tokio::select! {
                        () = &mut ending => return Ok::<_, std::io::Error>(()),
                        accepted = listener.accept() => drop(accepted?),
                    }
                }
            }),
        );
    until("it is registered", async || {
        !registry.get_service("web").await.unwrap().is_empty()
    })
    .await;
    let one = registry.get_service("web").await.unwrap().remove(0);
    assert_eq!(
        (one.addr, one.metadata["transport"].as_str()),
        (addr, "http")
    );
    TcpStream::connect(addr).await.unwrap();
    drop(stop);
    let left = task.await.unwrap().unwrap();
    assert!(left.told && left.finished, "{left:?}");
    assert!(registry.get_service("web").await.unwrap().is_empty());
    assert!(TcpStream::connect(addr).await.is_err());
}

/// It registers again and again; and again at once, when the registry was away.
#[tokio::test]
async fn kept_registered_also_when_the_registry_is_away() {
    let (moody, registry) = moody();
    moody.away(true);
    let log = stage::log::capture();
    let (interval, ttl) = (Duration::from_millis(50), Duration::from_millis(400));
    let service = greeter(&registry, "one").register_every(interval, ttl);
    let running = begin(service).await;
    let said = |words: &str| log.contains(words);
    // Not the end of it: callers who know the address are served.
    until("it has tried", async || said("out for lunch; again in")).await;
    let soon = Instant::now() + help::PATIENCE;
    let line = Connection::dial(Transport::Grpc, running.addr, soon).await;
    assert!(line.unwrap().serves(soon).await.unwrap());
    assert!(!said("registered:"));
    moody.away(false);
    until("it is registered", async || said("registered:")).await;
    // Again and again, or its time would be over.
    sleep(ttl * 3).await;
    until("it is still there", async || {
        !moody.inner.get_service(NAME).await.unwrap().is_empty()
    })
    .await;
    // The registry forgets it, as one that is restarted: the next sign of life brings it back.
    moody.away(true);
    sleep(ttl * 2).await;
    assert!(moody.inner.get_service(NAME).await.unwrap().is_empty());
    moody.away(false);
    until("it is back", async || {
        !registry.get_service(NAME).await.unwrap().is_empty()
    })
    .await;
    running.leave().await;
}

/// Killed: it is not deregistered, and the end of its time to live removes its entry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dies_is_forgotten_after_its_time() {
    let registry = memory();
    let (interval, ttl) = (Duration::from_millis(50), Duration::from_millis(500));
    let service = greeter(&registry, "one").register_every(interval, ttl);
    let running = start(&registry, service).await;
    running.crash();
    until("its entry is gone", async || {
        registry.get_service(NAME).await.unwrap().is_empty()
    })
    .await;
}

/// Leaving well, in order: NOT_SERVING and off the list while every call is answered, and what is under
/// way is finished.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_cuts_nobody_off() {
    for transport in BOTH {
        let registry = memory();
        let slow = "test.v1.Slow/Work";
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (finish, end) = tokio::sync::watch::channel(false);
        let service =
            greeter(&registry, "one")
                .transport(transport)
                .handle(slow, move |_: HelloRequest| {
                    let (begun, mut end) = (begun.clone(), end.clone());
                    async move {
                        let _ = begun.send(());
                        let _ = end.wait_for(|end| *end).await;
                        let message = "done".to_string();
                        Ok::<_, tonic::Status>(HelloReply { message })
                    }
                });
        let mut leaving = leaving();
        leaving.notice = Duration::from_secs(2);
        let mut running = start(&registry, service.leaving(leaving)).await;
        let client = Client::new(registry.clone(), Settings::default());
        greet(&client, "Ada").await.unwrap();
        let line = Connection::dial(transport, running.addr, Instant::now() + help::PATIENCE).await;
        let line = line.unwrap();
        let how = How::once().within(help::PATIENCE);
        let working = tokio::spawn(async move { call(&client, slow, "", how).await });
        // It is under way, not only on its way.
        begins.recv().await.unwrap();
        running.ask();
        until("it is off the list", async || {
            registry.get_service(NAME).await.unwrap().is_empty()
        })
        .await;
        assert!(
            !running.task.is_finished(),
            "{transport}: there was no notice"
        );
        let serves = line.serves(Instant::now() + help::PATIENCE).await;
        assert_eq!(serves.ok(), Some(false), "{transport}");
        finish.send_replace(true);
        let done = working.await.unwrap();
        assert_eq!(done.unwrap().message, "done", "{transport}");
        let left = running.task.await.unwrap().unwrap();
        assert!(left.told && left.finished, "{transport}: {left:?}");
    }
}

/// Calls that may run once only, all the time, while one of two leaves and another one comes: not one is
/// lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_shifts_loses_no_call() {
    for transport in BOTH {
        let registry = memory();
        let service = |who: &str| {
            let mut leaving = leaving();
            // Long enough for a machine that is busy with other tests: a caller may stand still for a while
            // between the choice of an instance and its call.
            leaving.notice = Duration::from_secs(2);
            greeter(&registry, who)
                .transport(transport)
                .leaving(leaving)
        };
        let mut running = vec![
            start(&registry, service("1")).await,
            start(&registry, service("2")).await,
        ];
        let client = Client::new(registry.clone(), Settings::default());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (client, stopped) = (client.clone(), stopped.clone());
            callers.spawn(async move {
                let mut calls = 0_u32;
                while !*stopped.borrow() {
                    let how = How::once().within(help::PATIENCE);
                    let reply = call(&client, HELLO, "Ada", how).await;
                    reply.map_err(|failed| failed.to_string())?;
                    calls += 1;
                    sleep(Duration::from_millis(5)).await;
                }
                Ok::<_, String>(calls)
            });
        }
        for next in ["3", "4"] {
            running.push(start(&registry, service(next)).await);
            let left = running.remove(0).leave().await;
            assert!(left.told && left.finished, "{transport}: {left:?}");
        }
        stop.send_replace(true);
        for calls in callers.join_all().await {
            assert!(calls.unwrap() > 10, "{transport}");
        }
    }
}

/// A grace is a grace: who needs longer is cut off, and it is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_grace_has_an_end() {
    for transport in BOTH {
        let registry = memory();
        let service = greeter(&registry, "one").transport(transport).handle(
            "test.v1.Slow/Work",
            |_: HelloRequest| async {
                sleep(Duration::from_secs(600)).await;
                Ok::<_, tonic::Status>(HelloReply::default())
            },
        );
        let mut leaving = leaving();
        leaving.grace = Duration::from_millis(100);
        let mut running = start(&registry, service.leaving(leaving)).await;
        let client = Client::new(registry.clone(), Settings::default());
        let working = tokio::spawn(async move {
            let how = How::once().within(Duration::from_secs(600));
            call(&client, "test.v1.Slow/Work", "", how).await
        });
        sleep(Duration::from_millis(200)).await;
        running.ask();
        let left = running.task.await.unwrap().unwrap();
        assert!(left.told && !left.finished, "{transport}: {left:?}");
        assert!(!working.is_finished() || working.await.unwrap().is_err());
        assert!(left.well().unwrap_err().to_string().contains("cut off"));
    }
}

/// A registry that is away cannot be told. Leaving ends all the same, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_goodbye_without_a_registry() {
    let (moody, registry) = moody();
    let mut leaving = leaving();
    leaving.goodbye = Duration::from_millis(300);
    let mut running = start(&registry, greeter(&registry, "one").leaving(leaving)).await;
    moody.away(true);
    running.ask();
    let left = running.task.await.unwrap().unwrap();
    assert!(!left.told && left.finished, "{left:?}");
    assert!(
        left.well()
            .unwrap_err()
            .to_string()
            .contains("still has the entry")
    );
}

/// The health check and reflection of an independent client find what is handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_reflection_for_strangers() {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let registry = memory();
    let running = start(&registry, greeter(&registry, "one")).await;
    let at = format!("http://{}", running.addr);
    let channel = Channel::from_shared(at).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    for service in ["", "greeter.v1.Greeter"] {
        let service = service.to_string();
        let answer = health.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(answer.into_inner().status, 1);
    }
    let mut reflection = ServerReflectionClient::new(channel);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let stream = reflection
        .server_reflection_info(tokio_stream::once(ask))
        .await;
    let answer = stream.unwrap().into_inner().message().await;
    let answer = answer.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: Vec<&str> = list.service.iter().map(|one| &*one.name).collect();
    for name in ["greeter.v1.Greeter", "grpc.health.v1.Health"] {
        assert!(names.contains(&name), "{names:?}");
    }
    drop((health, reflection));
    running.leave().await;
}

#[test]
fn ids_look_like_go_micros_and_differ() {
    let id = || Service::new("go.micro.srv.user").id();
    let (one, two) = (id(), id());
    assert_ne!(one, two);
    let random = one.strip_prefix("go.micro.srv.user-").unwrap();
    let lengths: Vec<usize> = random.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!(&random[14..15], "4");
    assert!("89ab".contains(&random[19..20]));
}
