//! Strangers: Python's grpcio calls the server of this lesson. It has no .proto file and no generated
//! code; what it knows of the services it has from the server itself, by reflection. What each scene
//! does and expects is in `interop/python/client.py`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::strangers::{Spy, python};
use l06_grpc::server::{NAMES, Settings, everything, report, serve_with};
use l06_grpc::work::Work;
use testkit::program::{PATIENCE, Program, Server, output};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::block_in_place;
use tokio::time::timeout;
use tonic_health::ServingStatus::{NotServing, Serving};
use tonic_health::server::HealthReporter;

/// Serves while the runtime of the test lives.
async fn server(settings: Settings) -> (SocketAddr, HealthReporter) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (routes, health) = everything().await.unwrap();
    tokio::spawn(serve_with(
        listener,
        routes,
        settings,
        std::future::pending(),
    ));
    (addr, health)
}

/// A server whose calls of a service take so long, and what it tells of them.
async fn slow_server(work: Duration, longest: Duration) -> (SocketAddr, UnboundedReceiver<String>) {
    let (tell, told) = unbounded_channel();
    let tell = move |words: &str| drop(tell.send(words.to_string()));
    let work = Some(Work::new(work, tell));
    let settings = Settings {
        work,
        longest,
        ..Settings::default()
    };
    (server(settings).await.0, told)
}

async fn next(told: &mut UnboundedReceiver<String>) -> String {
    let line = timeout(PATIENCE, told.recv()).await;
    line.expect("the server tells nothing").unwrap()
}

/// The work has stopped before its end, and no step of it follows.
async fn stops(told: &mut UnboundedReceiver<String>) {
    while !next(told).await.starts_with("work stopped after ") {}
    assert!(told.is_empty(), "it goes on: {told:?}");
}

fn client(addr: SocketAddr, scene: &str) -> Command {
    let mut client = python("client.py");
    client.arg(addr.to_string()).arg(scene);
    client
}

fn passes(addr: SocketAddr, scene: &'static str) {
    let said = block_in_place(|| output(client(addr, scene)));
    assert_eq!(said, format!("{scene} passed\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_finds_the_services_by_reflection_of_both_versions() {
    passes(server(Settings::default()).await.0, "reflection");
}

/// The whole program once, and not only its parts.
#[test]
fn grpcio_calls_every_method_of_the_program() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l06-grpc"));
    command.args(["server", "--addr", "127.0.0.1:0", "--until-stdin-ends"]);
    let server = Server::start(command);
    assert_eq!(output(client(server.addr, "calls")), "calls passed\n");
    assert_eq!(
        output(client(server.addr, "reflection")),
        "reflection passed\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_sees_the_right_codes_and_their_details() {
    passes(server(Settings::default()).await.0, "statuses");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_sees_metadata_and_trailers() {
    passes(server(Settings::default()).await.0, "metadata");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_is_asked_for_a_token_at_every_door() {
    let token = Some("sesame".to_string());
    let settings = Settings {
        token,
        ..Settings::default()
    };
    passes(server(settings).await.0, "token");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_checks_the_health_and_watches_it() {
    let (addr, health) = server(Settings::default()).await;
    let python = Program::start(client(addr, "health"));
    block_in_place(|| python.says("watching"));
    report(&health, &NAMES, NotServing).await;
    block_in_place(|| python.says("not serving"));
    report(&health, &NAMES, Serving).await;
    block_in_place(|| python.says("health passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_stops_when_the_deadline_of_grpcio_is_over() {
    let (addr, mut told) = slow_server(10 * PATIENCE, 10 * PATIENCE).await;
    passes(addr, "deadline");
    stops(&mut told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_has_a_limit_of_its_own() {
    let (addr, mut told) = slow_server(10 * PATIENCE, Duration::from_millis(100)).await;
    passes(addr, "deadline_of_the_server");
    stops(&mut told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_stops_when_grpcio_cancels() {
    let (addr, mut told) = slow_server(Duration::from_millis(1500), PATIENCE).await;
    let mut python = Program::start(client(addr, "cancellation"));
    assert_eq!(next(&mut told).await, "work step 1 of 5");
    python.tell("go on");
    stops(&mut told).await;
    block_in_place(|| python.says("cancellation passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_compresses_and_takes_compressed_replies() {
    let spy = Spy::before(server(Settings::default()).await.0);
    passes(spy.addr, "compression");
    assert_eq!(spy.saw(&[b'z'; 190]), [false, false]);
    passes(spy.addr, "calls");
    assert_eq!(spy.saw(b"zhanghello"), [false, true], "the spy is blind");
}
