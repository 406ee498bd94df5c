//! What happens to a call: its deadline expires, its caller may not make it, its server starts later, goes away,
//! or ends politely.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Server, WIRE, by_hand, full, routes, within};
use l06_grpc::client::{Client, NoServer, Options};
use l06_grpc::deadline;
use l06_grpc::pb;
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l06_grpc::pb::say::Person;
use l06_grpc::pb::say::say_server::{Say, SayServer};
use l06_grpc::retry::Policy;
use l06_grpc::server::Settings;
use prost::Message;
use prost_types::FileDescriptorSet;
use stage::log::{Captured, capture};
use testkit::program::PATIENCE;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tonic::service::RoutesBuilder;
use tonic::{Code, Request, Response, Status};

const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

/// Settings with work of this length, and what is logged about it.
fn working(time: Duration) -> (Settings, Captured) {
    let settings = Settings {
        work: Some(time),
        ..Settings::default()
    };
    (settings, capture())
}

/// Waits until the work has stopped, and sees that nothing follows.
async fn expect_stopped(log: &Captured) {
    within(async {
        while !(log.lines().last()).is_some_and(|last| last.starts_with("work stopped")) {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let lines = log.lines();
    sleep(Duration::from_millis(250)).await;
    assert_eq!(log.lines(), lines);
}

// ---- deadlines

#[tokio::test]
async fn a_deadline_is_honoured_by_both_sides_and_ends_the_work() {
    let (settings, log) = working(Duration::from_secs(1));
    let server = Server::start(settings).await;
    let options = Options {
        deadline: Duration::from_millis(300),
        ..Options::default()
    };
    let client = server.client_with(options).await;
    let since = Instant::now();
    let status = within(client.greet("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(since.elapsed() >= Duration::from_millis(290));
    expect_stopped(&log).await;

    // The same inside of the server alone: tonic's client would look at its own clock as well.
    let request = tonic::codegen::http::Request::builder()
        .header("grpc-timeout", "50m")
        .body(full(WIRE))
        .unwrap();
    let next = |_| -> Pin<Box<dyn Future<Output = _> + Send>> { Box::pin(std::future::pending()) };
    let kept = deadline::keep(PATIENCE * 2, request, Box::new(next));
    let response = within(kept).await;
    assert_eq!(response.headers()["grpc-status"], "4");
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_work() {
    let (settings, log) = working(Duration::from_secs(1));
    let server = Server::start(settings).await;
    let client = server.client().await;
    let _ = timeout(Duration::from_millis(300), client.greet("Ada")).await;
    expect_stopped(&log).await;

    // And one whose connection is lost.
    let gone = server.client().await;
    let call = tokio::spawn(async move { gone.greet("Ada").await });
    sleep(Duration::from_millis(300)).await;
    call.abort();
    expect_stopped(&log).await;
}

#[tokio::test]
async fn the_server_has_a_limit_of_its_own_and_a_broken_header_is_told() {
    let (mut settings, log) = working(Duration::from_secs(2));
    settings.longest = Duration::from_millis(250);
    let server = Server::start(settings).await;
    let client = server.client().await;
    let channel = client.channel();
    for headers in [&[][..], &[("grpc-timeout", &b"99999999H"[..])]] {
        let answer = by_hand(&channel, SAY_HELLO, headers, full(WIRE)).await;
        assert_eq!(answer.code, Code::DeadlineExceeded, "{headers:?}");
        expect_stopped(&log).await;
    }
    let headers = [("grpc-timeout", &b"soon"[..])];
    let answer = by_hand(&channel, SAY_HELLO, &headers, full(WIRE)).await;
    assert_eq!(answer.code, Code::Internal);
}

#[tokio::test]
async fn a_reply_that_has_begun_ends_with_the_deadline_as_well() {
    // Reflection is a stream: it answers as long as requests come, and here no more come.
    let server = Server::start(Settings::default()).await;
    let channel = server.client().await.channel();
    let (_open, questions) = tokio::sync::mpsc::channel(1);
    let questions = tokio_stream::wrappers::ReceiverStream::new(questions);
    let questions = tokio_stream::StreamExt::map(questions, |bytes: tonic::codegen::Bytes| {
        Ok::<_, Status>(hyper::body::Frame::data(bytes))
    });
    let body = tonic::body::Body::new(http_body_util::StreamBody::new(questions));
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let answer = by_hand(&channel, path, &[("grpc-timeout", b"200m")], body).await;
    assert_eq!(answer.code, Code::DeadlineExceeded);
}

// ---- the guard

#[tokio::test]
async fn every_method_of_every_service_is_guarded() {
    let settings = Settings {
        token: Some("sesame".to_string()),
        ..Settings::default()
    };
    let server = Server::start(settings).await;
    let channel = server.client().await.channel();
    let mut paths = vec!["/vault.v1.Vault/Open".to_string()];
    for set in [
        pb::DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ] {
        for file in FileDescriptorSet::decode(set).unwrap().file {
            for service in &file.service {
                let service_name = format!("{}.{}", file.package(), service.name());
                let methods = service.method.iter();
                paths.extend(methods.map(|method| format!("/{service_name}/{}", method.name())));
            }
        }
    }
    assert_eq!(paths.len(), 1 + 5 + 2 + 2 + 1 - 1, "{paths:?}");
    for path in &paths {
        for header in [
            None,
            Some(&b"Bearer wrong"[..]),
            Some(b"Bearer "),
            Some(b"sesame"),
            Some(b"Bearer \xff\xfe"),
        ] {
            let headers: Vec<_> = header
                .map(|value| ("authorization", value))
                .into_iter()
                .collect();
            let answer = by_hand(&channel, path, &headers, full(WIRE)).await;
            assert_eq!(answer.code, Code::Unauthenticated, "{path} {header:?}");
        }
    }
    let options = Options {
        token: Some("sesame".to_string()),
        ..Options::default()
    };
    let client = server.client_with(options).await;
    assert_eq!(
        client.name("Ada").await.unwrap().into_inner().msg,
        "你的名字是：Ada"
    );
    let answer = by_hand(
        &channel,
        &paths[0],
        &[("authorization", b"Bearer sesame")],
        full(WIRE),
    )
    .await;
    assert_eq!(answer.code, Code::Unimplemented);
}

// ---- a server that comes, goes, and comes back

async fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn a_client_waits_for_its_server_but_not_for_ever() {
    let addr = free_port().await;
    let late = tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        let listener = TcpListener::bind(addr).await.unwrap();
        Server::on(listener, routes(), Settings::default())
    });
    let options = Options {
        connect_timeout: PATIENCE,
        ..Options::default()
    };
    let client = within(Client::connect(addr, options)).await.unwrap();
    assert_eq!(
        client.greet("Ada").await.unwrap().into_inner().message,
        "hello Ada"
    );
    drop(late);

    let options = Options {
        connect_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let unused = free_port().await;
    let error = within(Client::connect(unused, options)).await.unwrap_err();
    let NoServer::NotUp { attempts, .. } = &error else {
        panic!("{error}");
    };
    assert!((2..10).contains(attempts), "{attempts}");
    let words = format!("no server answers at {unused}: {attempts} attempts in ");
    assert!(error.to_string().starts_with(&words), "{error}");
}

/// A greeter who is away for a while, and one whose words are counted.
#[derive(Clone, Default)]
struct Moody {
    asked: Arc<AtomicU32>,
    away: u32,
    code: Option<Code>,
}

impl Moody {
    fn answer(&self) -> Result<(), Status> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        match self.code {
            Some(code) if asked < self.away => Err(Status::new(code, "away")),
            _ => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl Greeter for Moody {
    async fn say_hello(
        &self,
        _request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        self.answer()?;
        Ok(Response::new(HelloReply::default()))
    }
}

#[tonic::async_trait]
impl Say for Moody {
    async fn say_something(&self, request: Request<Person>) -> Result<Response<Person>, Status> {
        self.answer()?;
        Ok(Response::new(request.into_inner()))
    }
}

#[tokio::test]
async fn only_what_may_run_twice_is_repeated_and_not_for_ever() {
    for (code, away, greets, says) in [
        (Code::Unavailable, 2, 3, 1),
        (Code::Unavailable, 99, 4, 1),
        (Code::DeadlineExceeded, 2, 1, 1),
        (Code::Internal, 2, 1, 1),
        (Code::ResourceExhausted, 2, 1, 1),
    ] {
        let moody = Moody {
            away,
            code: Some(code),
            ..Moody::default()
        };
        let mut routes = RoutesBuilder::default();
        routes
            .add_service(GreeterServer::new(moody.clone()))
            .add_service(SayServer::new(moody.clone()));
        let server = Server::of(routes.routes(), Settings::default()).await;
        let options = Options {
            retry: Policy {
                first: Duration::from_millis(5),
                ..Policy::default()
            },
            ..Options::default()
        };
        let client = server.client_with(options).await;
        let _ = within(client.greet("Ada")).await;
        assert_eq!(
            moody.asked.swap(0, Ordering::SeqCst),
            greets,
            "greet, {code:?}"
        );
        let status = within(client.say("Ada")).await.unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(moody.asked.load(Ordering::SeqCst), says, "say, {code:?}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_and_the_channel_dials_again() {
    let (settings, _) = working(Duration::from_secs(5));
    let settings = Settings {
        grace: Duration::ZERO,
        ..settings
    };
    let server = Server::start(settings).await;
    let addr = server.addr;
    // A wire that can be cut.
    let wire = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::lazy(wire.local_addr().unwrap(), Options::default()).unwrap();
    let cut = tokio::spawn(async move {
        let (mut near, _) = wire.accept().await.unwrap();
        let mut far = tokio::net::TcpStream::connect(addr).await.unwrap();
        let copying = tokio::io::copy_bidirectional(&mut near, &mut far);
        let _ = timeout(Duration::from_millis(300), copying).await;
        drop((near, far));
        wire
    });
    let status = within(client.say("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("may have run"), "{status:?}");

    // The same client, when a server answers again.
    let wire = cut.await.unwrap();
    let routes = routes();
    let _again = Server::on(wire, routes, Settings::default());
    assert_eq!(
        client.greet("Ada").await.unwrap().into_inner().message,
        "hello Ada"
    );
}

#[tokio::test]
async fn a_server_that_has_fallen_silent_is_noticed_by_pings() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    let options = Options {
        ping: Duration::from_millis(50),
        pong: Duration::from_millis(100),
        deadline: PATIENCE,
        retry: Policy {
            attempts: 1,
            ..Policy::default()
        },
        ..Options::default()
    };
    let client = within(Client::connect(addr, options)).await.unwrap();
    let since = Instant::now();
    let status = within(client.greet("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(since.elapsed() < PATIENCE / 2);
}

// ---- the end

#[tokio::test]
async fn shutdown_finishes_the_call_under_way_and_takes_no_new_one() {
    let (settings, log) = working(Duration::from_millis(600));
    let mut server = Server::start(settings).await;
    let client = server.client().await;
    let running = client.clone();
    let call = tokio::spawn(async move { running.greet("Ada").await });
    let begun = async {
        while log.lines().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    within(begun).await;
    server.stop.take().unwrap().send(()).unwrap();
    let reply = within(call).await.unwrap().unwrap().into_inner();
    assert_eq!(reply.message, "hello Ada");
    within(&mut server.ended).await.unwrap();
    let status = within(client.say("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn shutdown_ends_after_the_grace() {
    let (settings, _) = working(Duration::from_secs(60));
    let settings = Settings {
        grace: Duration::from_millis(200),
        ..settings
    };
    let mut server = Server::start(settings).await;
    let client = server.client().await;
    let _call = tokio::spawn(async move { client.greet("Ada").await });
    sleep(Duration::from_millis(200)).await;
    server.stop.take().unwrap().send(()).unwrap();
    within(&mut server.ended).await.unwrap();
}
