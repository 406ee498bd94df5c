//! Load, tap, times, scenes and the log.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use stage::load::{self, Load};
use stage::measure::{Times, lines_of_code};
use stage::signal::{bind, stopped, taken};
use stage::story::{RIGHT, Scene, now, stamped};
use stage::tap::Tap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[tokio::test]
async fn calls_are_counted_by_who_answered() {
    let count = load::calls(20, 4, |number| async move {
        match number {
            7 => Err("no".to_string()),
            even if even % 2 == 0 => Ok("a".to_string()),
            _ => Ok("b".to_string()),
        }
    });
    let count = count.await;
    assert_eq!((count.of("a"), count.of("b"), count.of("c")), (10, 9, 0));
    assert_eq!((count.calls(), count.answered()), (20, 19));
    assert_eq!(count.failures(), [("no", 1)].into());
    assert!(count.longest() < Duration::from_secs(60) && count.slow(Duration::ZERO) == 20);
    assert!(count.times().within(100) >= count.times().median());
}

#[tokio::test]
async fn callers_call_until_they_are_stopped() {
    let load = Load::start(3, Duration::from_millis(1), || async {
        Ok("a".to_string())
    });
    assert!(load.answers_of("a", 10, Duration::from_secs(60)).await);
    assert!(!load.answers_of("b", 1, Duration::from_millis(20)).await);
    let count = load.stop().await;
    assert!(count.answered() >= 10 && count.failed.is_empty());
}

#[tokio::test]
async fn a_tap_counts_and_keeps_and_passes_the_end_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tap = Tap::keeping(listener.local_addr().unwrap()).await.unwrap();
    let before = tap.read();
    let mut client = TcpStream::connect(tap.addr).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"hello").await.unwrap();
    client.shutdown().await.unwrap();
    let mut read = String::new();
    server.read_to_string(&mut read).await.unwrap();
    // The client has finished; its answer still comes.
    server.write_all(b"hi").await.unwrap();
    drop(server);
    read.clear();
    client.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "hi");
    let reading = tap.read().since(before);
    assert_eq!(
        (reading.connections, reading.there, reading.back),
        (1, 5, 2)
    );
    assert!(tap.contains(b"ell") && tap.contains(b"hi") && !tap.contains(b"hellohi"));
}

#[tokio::test]
async fn times_and_lines() {
    let mut calls = 0;
    let times = Times::of(100, async || {
        calls += 1;
        Ok(())
    });
    times.await.unwrap();
    Times::blocking(1, || {
        calls += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(calls, 111);
    let times = Times::from((1..=100).map(Duration::from_micros).collect::<Vec<_>>());
    let [median, most, slowest] = [50, 99, 100].map(|percent| times.within(percent).round());
    assert_eq!((median, most, slowest), (51.0, 100.0, 100.0));
    assert_eq!(
        times.text("a call", 10),
        format!("{:10}{:>10}{:>14}", "a call", "51.0", "100.0")
    );
    assert_eq!(
        lines_of_code("// a\n\nfn a() {}\n/// b\nfn b() {}\n#[cfg(test)]\nmod tests {}\n"),
        2
    );
}

#[test]
fn a_scene_is_in_the_order_in_which_it_happened() {
    static SCENE: Scene = Scene::new();
    SCENE.by_server(1, "before");
    let since = now();
    SCENE.by_server(since + 60_000_000, "later");
    SCENE.note("now");
    let seen = SCENE.take(since);
    let seen: Vec<_> = seen
        .iter()
        .map(|seen| (seen.indent, seen.words.as_str()))
        .collect();
    assert_eq!(seen, [(0, "now"), (RIGHT, "later")]);
    assert!(SCENE.take(0).is_empty());
    assert_eq!(stamped("12 read ff"), Some((12, "read ff")));
    assert_eq!((stamped("listening on x"), stamped("12")), (None, None));
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_in_words() {
    let listener = bind("127.0.0.1:0".parse().unwrap(), "").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let error = bind(addr, "--addr 127.0.0.1:8081").await.unwrap_err();
    let words = "another program listens there already. Stop it, or choose another port, for example \
                 --addr 127.0.0.1:8081";
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {addr}: {words}")
    );
    let addr: SocketAddr = "1.1.1.1:80".parse().unwrap();
    let error = taken(addr, "", &io::ErrorKind::AddrNotAvailable.into());
    assert!(error.to_string().contains("127.0.0.1 always works"));
}

#[tokio::test]
async fn stopped_is_ready_when_the_value_is_true() {
    let (stop, stopping) = watch::channel(false);
    let waiting = tokio::spawn(stopped(stopping));
    stop.send(true).unwrap();
    waiting.await.unwrap();
}

#[test]
fn events_of_lessons_are_captured() {
    let log = stage::log::capture();
    tracing::info!(target: "l13_framework::registry", service = "greeter", "{} is back", "Consul");
    tracing::debug!(target: "l13_framework", "details");
    tracing::warn!(target: "h2", "of no lesson");
    assert_eq!(log.lines(), ["Consul is back", "details"]);
    assert!(log.contains("is back") && !log.contains("of no lesson"));
}
