//! An independent client: Python's grpcio calls the server of this lesson. It has no .proto file and no generated
//! code; what it knows of the services it has from the server itself, by reflection. What each scene
//! does and expects is in `interop/python/client.py`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::independent::python;
use l06_grpc::server::{NAMES, Settings, everything, report, serve_with};
use stage::log::{Captured, capture};
use stage::tap::Tap;
use testkit::program::{PATIENCE, Program, Server, output};
use tokio::net::TcpListener;
use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::{sleep, timeout};
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

/// A server whose calls work so long, and what it logs. Its test has one thread: the log is of this thread.
async fn slow_server(work: Duration, longest: Duration) -> (SocketAddr, Captured) {
    let settings = Settings {
        work: Some(work),
        longest,
        ..Settings::default()
    };
    let log = capture();
    (server(settings).await.0, log)
}

async fn logged(log: &Captured, words: &str) {
    let found = async {
        while !log.contains(words) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, found)
        .await
        .expect("nothing like it is logged");
}

/// The work has stopped before its end, and no step of it follows.
async fn stops(log: &Captured) {
    logged(log, "work stopped after ").await;
    let last = log.lines().pop().unwrap_or_default();
    assert!(
        last.starts_with("work stopped after "),
        "it goes on: {last}"
    );
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

/// The same in a test with one thread, which serves meanwhile.
async fn passes_beside(addr: SocketAddr, scene: &'static str) {
    let said = spawn_blocking(move || output(client(addr, scene))).await;
    assert_eq!(said.unwrap(), format!("{scene} passed\n"));
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
async fn grpcio_is_asked_for_a_token_by_every_method() {
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

#[tokio::test]
async fn the_work_stops_when_the_deadline_of_grpcio_is_over() {
    let (addr, log) = slow_server(10 * PATIENCE, 10 * PATIENCE).await;
    passes_beside(addr, "deadline").await;
    stops(&log).await;
}

#[tokio::test]
async fn the_server_has_a_limit_of_its_own() {
    let (addr, log) = slow_server(10 * PATIENCE, Duration::from_millis(100)).await;
    passes_beside(addr, "deadline_of_the_server").await;
    stops(&log).await;
}

#[tokio::test]
async fn the_work_stops_when_grpcio_cancels() {
    let (addr, log) = slow_server(Duration::from_millis(1500), PATIENCE).await;
    let mut python = Program::start(client(addr, "cancellation"));
    logged(&log, "work step 1 of 5").await;
    python.tell("go on");
    stops(&log).await;
    let ended = spawn_blocking(move || python.says("cancellation passed")).await;
    ended.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_compresses_and_takes_compressed_replies() {
    let tap = Tap::keeping(server(Settings::default()).await.0)
        .await
        .unwrap();
    passes(tap.addr, "compression");
    assert_eq!(tap.passed(&[b'z'; 190]), [false, false]);
    passes(tap.addr, "calls");
    assert_eq!(
        tap.passed(b"zhanghello"),
        [false, true],
        "the tap keeps nothing"
    );
}
