//! Independent programs: Python's grpcio calls the server of this lesson, and our client calls one on grpcio. What
//! each scene does and expects is in `interop/python/client.py`.

use std::net::SocketAddr;
use std::process::Command;

use crate::independent::python;
use l07_streaming::observe::{Event, Observer};
use l07_streaming::server::{Settings, serve};
use l07_streaming::service::Streams;
use stage::tap::Tap;
use testkit::program::{PATIENCE, Program, output, run};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::timeout;

/// A server of ours in this process.
struct Server {
    addr: SocketAddr,
    /// What happens in its calls.
    events: UnboundedReceiver<Event>,
    /// It stops when this is sent or dropped.
    stop: oneshot::Sender<()>,
}

async fn server() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (tell, events) = unbounded_channel();
    let observer = Observer::new(move |_, _, event| drop(tell.send(event)));
    let streams = Streams {
        observer,
        ..Streams::default()
    };
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve(listener, streams, Settings::default(), stopped).await
    });
    Server { addr, events, stop }
}

fn client(addr: &str, scene: &str) -> Command {
    let mut client = python("client.py");
    client.arg(addr).arg(scene);
    client
}

fn passes(addr: &str, scene: &str) {
    let said = block_in_place(|| output(client(addr, scene)));
    assert_eq!(said, format!("{scene} passed\n"));
}

/// Lets grpcio act the scene before a server of ours, and gives back what happened there.
async fn scene(scene: &str) -> UnboundedReceiver<Event> {
    let server = server().await;
    passes(&server.addr.to_string(), scene);
    server.events
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_finds_the_services_by_reflection_of_both_versions() {
    scene("reflection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_makes_all_four_kinds_of_call() {
    scene("calls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_sees_the_right_codes() {
    scene("statuses").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_sees_headers_before_the_stream_and_trailers_behind_it() {
    scene("metadata").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_compresses_a_stream() {
    let server = server().await;
    let tap = Tap::keeping(server.addr).await.unwrap();
    passes(&tap.addr.to_string(), "compression");
    let [to_server, _] = tap.passed(&[b'z'; 190]);
    assert!(!to_server, "in the clear");
}

/// The last event of the one call that was made, once it is there.
async fn last(mut events: UnboundedReceiver<Event>) -> Event {
    loop {
        let event = timeout(PATIENCE, events.recv()).await;
        match event.expect("the call does not end").unwrap() {
            Event::Began | Event::Produced(_) | Event::Received(_) => {}
            event => return event,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_the_deadline_of_grpcio_on_both_sides() {
    assert_eq!(last(scene("deadline").await).await, Event::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_making_when_grpcio_cancels() {
    assert_eq!(last(scene("cancel_replies").await).await, Event::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_grpcio_cancels_is_over() {
    let event = last(scene("cancel_chat").await).await;
    // To a server on hyper, a cancelled call may look like a half-closed one.
    assert!(
        matches!(event, Event::Cancelled | Event::HalfClosed),
        "{event:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn grpcio_hears_of_the_end_and_its_call_is_finished() {
    let server = server().await;
    let python = Program::start(client(&server.addr.to_string(), "stop"));
    block_in_place(|| python.says("under way"));
    server.stop.send(()).unwrap();
    block_in_place(|| python.says("stop passed"));
}

// ---- the other direction

fn grpcio(more: &[&str]) -> (Program, String) {
    let mut command = python("server.py");
    command.arg(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    command.args(more);
    let server = Program::start(command);
    let addr = server.says("listening on ");
    (server, addr)
}

fn our_client(addr: &str, words: &[&str]) -> Command {
    let mut client = Command::new(env!("CARGO_BIN_EXE_l07-streaming"));
    client.arg("client").args(words).args(["--addr", addr]);
    client
}

/// All four kinds, by our command line.
fn every_kind(addr: &str, more: &[&str]) {
    let said = |words: &[&str]| output(our_client(addr, &[words, more].concat()));
    assert_eq!(said(&["greet", "wire"]), "hello wire\n");
    let repeated = said(&["repeat", "wire", "--count", "3", "--interval-ms", "1"]);
    let lines: Vec<_> = repeated.lines().collect();
    assert_eq!(lines.len(), 3, "{repeated}");
    assert!(lines[2].starts_with("3 hello wire"), "{repeated}");
    assert_eq!(said(&["greet-all", "ann", "ben"]), "hello ann and ben\n");
    // Its input is empty here, so it finishes at once.
    assert_eq!(said(&["chat"]), "welcome\nbye, 0 texts\n");
}

#[test]
fn our_client_makes_all_four_kinds_of_call_to_grpcio() {
    let (_server, addr) = grpcio(&[]);
    every_kind(&addr, &[]);
    let (_, _, errors) = run(our_client(&addr, &["greet", ""]));
    assert!(
        errors.contains("InvalidArgument: the name is empty"),
        "{errors}"
    );
}

#[test]
fn our_client_chats_with_grpcio() {
    let (_server, addr) = grpcio(&[]);
    let mut chat = Program::start(our_client(&addr, &["chat"]));
    chat.says("welcome");
    for text in ["eins", "två", "三"] {
        chat.tell(text);
        chat.says(&format!("hello {text}"));
    }
}

#[test]
fn our_deadline_ends_a_stream_of_grpcio() {
    let (server, addr) = grpcio(&[]);
    let endless = [
        "repeat",
        "wire",
        "--count",
        "1000000",
        "--interval-ms",
        "20",
    ];
    let words = [&endless[..], &["--deadline-ms", "1000"]].concat();
    let (_, out, errors) = run(our_client(&addr, &words));
    assert!(errors.contains("DeadlineExceeded"), "{errors}");
    assert!(out.starts_with("1 hello wire"), "nothing came");
    server.says("repeat is over");
}
