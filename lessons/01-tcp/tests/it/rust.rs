//! The short examples of the page "Rust that you will meet": each of them runs here.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

// ANCHOR: errors
#[derive(Debug)]
enum PortError {
    Missing,
    NotANumber(std::num::ParseIntError),
}

impl From<std::num::ParseIntError> for PortError {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::NotANumber(error)
    }
}

fn port(address: &str) -> Result<u16, PortError> {
    let (_, port) = address.split_once(':').ok_or(PortError::Missing)?;
    Ok(port.parse()?)
}
// ANCHOR_END: errors

#[test]
fn errors() {
    assert_eq!(port("127.0.0.1:8080").unwrap(), 8080);
    assert!(matches!(port("localhost"), Err(PortError::Missing)));
    let Err(PortError::NotANumber(error)) = port("localhost:http") else {
        panic!("`http` is no number");
    };
    assert_eq!(error.to_string(), "invalid digit found in string");
}

// ANCHOR: lifetimes
/// The text before the first space. The result borrows from `line`.
fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap_or("")
}

struct Request<'a> {
    method: &'a str,
}

fn parse<'a>(line: &'a str) -> Request<'a> {
    Request {
        method: first_word(line),
    }
}
// ANCHOR_END: lifetimes

#[test]
fn lifetimes() {
    let line = "hello wire".to_owned();
    assert_eq!(parse(&line).method, "hello");
}

// ANCHOR: generics
/// Counts the newlines in any source of bytes: a TcpStream, a file, a slice.
fn count_lines(source: &mut impl Read) -> io::Result<usize> {
    let mut lines = 0;
    let mut buffer = [0; 512];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(lines),
            n => lines += buffer[..n].iter().filter(|byte| **byte == b'\n').count(),
        }
    }
}
// ANCHOR_END: generics

#[test]
fn generics() {
    let mut bytes: &[u8] = b"one\ntwo\nthr";
    assert_eq!(count_lines(&mut bytes).unwrap(), 2);
}

// ANCHOR: dyn
trait Greeter {
    fn greet(&self, name: &str) -> String;
}

struct English;

impl Greeter for English {
    fn greet(&self, name: &str) -> String {
        format!("{name} hello world")
    }
}

/// One list, greeters of several types: which `greet` is called is decided at run time.
fn greet_all(greeters: &[Box<dyn Greeter>], name: &str) -> Vec<String> {
    greeters.iter().map(|greeter| greeter.greet(name)).collect()
}
// ANCHOR_END: dyn

#[test]
fn trait_objects() {
    assert_eq!(
        greet_all(&[Box::new(English)], "wire"),
        ["wire hello world"]
    );
}

// ANCHOR: shared
fn count_in_threads() -> usize {
    let count = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || *count.lock().unwrap() += 1)
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    *count.lock().unwrap()
}
// ANCHOR_END: shared

#[test]
fn shared() {
    assert_eq!(count_in_threads(), 4);
}

// ANCHOR: channels
fn squares() -> Vec<u32> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for n in 1..=3 {
            // It fails only when the receiver is gone.
            let _ = sender.send(n * n);
        }
    });
    // The loop ends when the last sender is dropped.
    receiver.iter().collect()
}
// ANCHOR_END: channels

#[test]
fn channels() {
    assert_eq!(squares(), [1, 4, 9]);
}

// ANCHOR: async
async fn reachable(address: &str) -> bool {
    let connect = TcpStream::connect(address);
    // Nothing has happened so far: a future runs when it is awaited.
    match timeout(Duration::from_millis(500), connect).await {
        Ok(Ok(_stream)) => true,
        Ok(Err(_)) | Err(_) => false,
    }
}
// ANCHOR_END: async

#[tokio::test]
async fn futures() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert!(reachable(&address).await);
    drop(listener);
    assert!(!reachable(&address).await);
}

// ANCHOR: tasks
async fn both() -> u32 {
    let slow = tokio::spawn(async {
        sleep(Duration::from_millis(20)).await;
        40
    });
    let fast = tokio::spawn(async { 2 });
    // An error here means that the task has panicked or was aborted.
    slow.await.unwrap() + fast.await.unwrap()
}
// ANCHOR_END: tasks

#[tokio::test]
async fn tasks() {
    assert_eq!(both().await, 42);
}

// ANCHOR: send
/// Runs `work` in a task of its own. The task may move to another thread at each `.await`.
fn in_background<F>(work: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(work)
}
// ANCHOR_END: send

#[tokio::test]
async fn send() {
    let text = "wire".to_owned();
    assert_eq!(in_background(async move { text.len() }).await.unwrap(), 4);
}

// ANCHOR: select
async fn first_of_two() -> &'static str {
    tokio::select! {
        () = sleep(Duration::from_millis(5)) => "the short one",
        // Dropped, and so cancelled, when the other branch is ready first.
        () = sleep(Duration::from_secs(60)) => "the long one",
    }
}
// ANCHOR_END: select

#[tokio::test]
async fn select() {
    assert_eq!(first_of_two().await, "the short one");
}
