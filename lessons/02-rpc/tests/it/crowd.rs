//! Two thousand idle clients, a slow one, and one that makes calls.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use l02_rpc::client::Client;
use l02_rpc::server::Settings;
use testkit::program::Server;

const IDLE: usize = 2000;

/// A server in a process of its own: both ends of 2,000 connections in one would be 4,000 files.
fn serve(more: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l02-rpc"));
    Server::start(command.args(["server", "--addr", "127.0.0.1:0"]).args(more))
}

/// The median of 200 calls.
async fn latency(addr: SocketAddr) -> Duration {
    let client = Client::connect(addr, Settings::default()).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..200 {
        let since = Instant::now();
        let called: Result<u32, _> = client
            .call_within(Duration::from_secs(5), "Panda.GetInfo", &100u32)
            .await;
        assert_eq!(called, Ok(200));
        times.push(since.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// Many systems allow 1,024 open files by default; the server inherits the limit.
#[cfg(unix)]
fn allow_many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < 4096) {
        limit.current = limit
            .maximum
            .map_or(Some(4096), |most| Some(most.min(4096)));
        setrlimit(Resource::Nofile, limit).expect("more open files");
    }
}

#[cfg(not(unix))]
fn allow_many_files() {}

#[tokio::test]
async fn a_good_client_is_answered_among_two_thousand_idle_ones() {
    allow_many_files();
    let server = serve(&["--clients", "3000", "--time-ms", "400"]);
    let alone = latency(server.addr).await;

    let mut idle = Vec::new();
    for number in 0..IDLE {
        idle.push(TcpStream::connect(server.addr).unwrap());
        // The system's queue in front of `accept` holds about a thousand connections. A client that finds it full
        // tries again after a whole second.
        if number % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let mut slow = TcpStream::connect(server.addr).unwrap();
    slow.set_nodelay(true).unwrap();
    let began = Instant::now();
    let sender = std::thread::spawn(move || {
        // A frame of 100 bytes, a byte every 30 ms: it would take 3 seconds.
        slow.write_all(&[0, 0, 0, 100]).unwrap();
        while slow.write_all(&[0]).is_ok() && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(30));
        }
        began.elapsed()
    });
    let crowded = latency(server.addr).await;
    println!("median of a call: {alone:?} alone, {crowded:?} among {IDLE} idle clients");
    assert!(crowded < Duration::from_millis(100), "{crowded:?}");

    let held = sender.join().unwrap();
    assert!(
        held < Duration::from_secs(2),
        "the slow client kept its connection for {held:?}"
    );
    // The idle clients have begun no frame, so they are still served.
    for mut stream in idle.into_iter().step_by(500) {
        stream
            .write_all(b"\0\0\0\x11\x05\x0dPanda.GetInfo\x01\x64")
            .unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut reply = [0; 9];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"\0\0\0\x05\x05\x00\x02\xc8\x01");
    }
}
