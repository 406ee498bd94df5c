//! Interop: Python's grpcio calls our instances, and our caller calls servers on grpcio. What they do and
//! expect is in `interop/python`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::running::{Running, client, code};
use crate::support::{plain, until};
use crate::world::sick::Sick;
use l12_resilience::caller::How;
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use testkit::program::{Program, Server, output};
use tokio::task::block_in_place;
use tonic::Code;

const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/descriptors.bin");

fn python(file: &str) -> Command {
    let mut command = Command::new(testkit::python_with_packages());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python");
    command
        // Each line at once, and no `__pycache__` beside the lesson.
        .args(["-u", "-B"])
        .arg(script.join(file))
        .env("PYTHONIOENCODING", "utf-8")
        .env("GRPC_VERBOSITY", "ERROR");
    command
}

fn calls(addr: SocketAddr, scene: &str) -> Command {
    let mut command = python("client.py");
    command.args([&addr.to_string(), scene]);
    command
}

/// `Arith` on grpcio.
fn grpcio(name: &str, mood: &str) -> (Program, Member) {
    let mut command = python("server.py");
    command.args([DESCRIPTORS, name, mood]);
    let server = block_in_place(|| Server::start(command));
    (server.program, Member::new(name, server.addr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_calls_our_calculator() {
    let ours = Running::start("ours", None, None).await;
    for scene in ["calls", "contract"] {
        let said = block_in_place(|| output(calls(ours.member.addr, scene)));
        assert_eq!(said.trim(), format!("{scene} passed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_repeats_by_itself_what_it_is_told_to() {
    let ours = Running::start("ours", Some(Sick::Failing), None).await;
    block_in_place(|| output(calls(ours.member.addr, "retries")));
    assert_eq!(ours.count("Mul begins"), 3, "{:?}", ours.heard());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_caller_calls_python() {
    let (_well, well) = grpcio("well", "well");
    let (failing, sick) = grpcio("sick", "failing");
    let over = client(&[&well, &sick], plain(FailMode::Over));
    for _ in 0..6 {
        let (reply, _) = over.mul(How::safe(), 25, 4).await.unwrap();
        assert_eq!((reply.product, &*reply.answered_by), (100, "well"));
        let (reply, _) = over.div(How::safe(), 25, 4).await.unwrap();
        assert_eq!((reply.quotient, reply.remainder), (6, 1));
    }
    block_in_place(|| failing.says("Mul begins, "));
    let zero = over.div(How::safe(), 1, 0).await;
    assert_eq!(code(zero).0, Code::InvalidArgument);
    // It may have run before Python said that it is sick.
    let alone = client(&[&sick], plain(FailMode::Over));
    let once = alone.remember(How::once(), 1).await;
    assert_eq!(code(once), (Code::Unavailable, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_python_has_certainly_not_done_is_done_elsewhere() {
    let (_well, well) = grpcio("well", "well");
    let (dies, dead) = grpcio("dies", "well");
    let over = client(&[&well, &dead], plain(FailMode::Over));
    for _ in 0..4 {
        over.mul(How::safe(), 25, 4).await.unwrap();
    }
    // Killed, with its connections.
    drop(dies);
    let refused = async || tokio::net::TcpStream::connect(dead.addr).await.is_err();
    until("it is dead", refused).await;
    // These meet the broken connection, and may be repeated. A call that is sent into it before the client has
    // noticed may have run, and is not for this test.
    for _ in 0..4 {
        over.mul(How::safe(), 25, 4).await.unwrap();
    }
    let mut memory = 0;
    for n in 1..=6 {
        let (reply, _) = over.remember(How::once(), 1).await.unwrap();
        memory = reply.memory;
        assert_eq!(memory, n, "each once");
    }
    assert_eq!(memory, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_hears_that_it_has_lost_the_race() {
    let (slow, loser) = grpcio("slow", "slow");
    let (_well, well) = grpcio("well", "well");
    // Late enough that the first one has begun, on a busy machine too.
    let after = Duration::from_millis(1500);
    let backup = client(&[&loser, &well], plain(FailMode::Backup { after }));
    for _ in 0..2 {
        let (reply, _) = backup.mul(How::safe(), 25, 4).await.unwrap();
        assert_eq!(reply.answered_by, "well");
    }
    block_in_place(|| {
        slow.says("Mul begins, ");
        slow.says("Mul stopped");
    });
}

/// A relay of ours whose calls go to a Python that never answers.
async fn between(behind: &Member) -> Running {
    Running::start("ours", None, Some(client(&[behind], plain(FailMode::Fast)))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_travels_from_python_through_us_to_python() {
    let (slow, behind) = grpcio("slow", "slow");
    let ours = between(&behind).await;
    block_in_place(|| output(calls(ours.member.addr, "deadline")));
    let left = block_in_place(|| slow.says("Mul begins, "));
    let left: u64 = left.strip_suffix(" ms left").unwrap().parse().unwrap();
    // The first Python has given it 3 seconds and a little more: it rounds up what it sends. Our own
    // clock would have been a minute. Python also rounds what it tells.
    let here = ours.time();
    assert!(left <= here + 1 && here < 4000, "{left} ms, {here} ms");
    block_in_place(|| slow.says("Mul stopped"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_behind_us_hears_that_python_before_us_hangs_up() {
    let (slow, behind) = grpcio("slow", "slow");
    let ours = between(&behind).await;
    let mut python = Program::start(calls(ours.member.addr, "hangs_up"));
    block_in_place(|| slow.says("Mul begins, "));
    python.tell("now");
    block_in_place(|| {
        slow.says("Mul stopped");
        python.says("hangs_up passed");
    });
}
