//! The check of `half-close`. It plays both ends, in memory: a program at the socket, and a server
//! behind the call. Nothing here waits for a clock unless an answer is wrong.

mod exercise;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::tunnel;
use testkit::{Case, View, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);

/// Runs the body on one thread, so that the order of things is the same each time.
fn play(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    // Local: the future of a tunnel need not be `Send`.
    runtime.block_on(LocalSet::new().run_until(body));
}

type Requests = ReceiverStream<Vec<u8>>;
type Replies = mpsc::Sender<Result<Vec<u8>, Status>>;
type Tunnel = JoinHandle<Result<(), Status>>;

/// What the check knows about the server's side.
#[derive(Default)]
struct Seen {
    bytes: AtomicUsize,
    ended: AtomicBool,
}

impl Seen {
    /// What the server has seen, in words.
    fn view(&self) -> String {
        let bytes = self.bytes.load(Ordering::SeqCst);
        match self.ended.load(Ordering::SeqCst) {
            true => format!("the server has read {bytes} bytes and the end"),
            false => format!("the server has read {bytes} bytes and no end"),
        }
    }
}

/// The next request, counted.
async fn next(requests: &mut Requests, seen: &Seen) -> Option<Vec<u8>> {
    let request = requests.next().await;
    match &request {
        Some(bytes) => drop(seen.bytes.fetch_add(bytes.len(), Ordering::SeqCst)),
        None => seen.ended.store(true, Ordering::SeqCst),
    }
    request
}

/// The program's end of a socket, and the tunnel that runs behind it. `server` gets the requests. The
/// pipes in both directions are small.
fn dig<F>(
    server: impl FnOnce(Requests, Replies, Arc<Seen>) -> F + 'static,
) -> (DuplexStream, Tunnel, Arc<Seen>)
where
    F: Future<Output = ()> + 'static,
{
    let (near, far) = duplex(256);
    let seen = Arc::<Seen>::default();
    let of_server = Arc::clone(&seen);
    let digging = tunnel(far, async move |requests| {
        let (out, replies) = mpsc::channel(1);
        spawn_local(server(requests, out, of_server));
        Ok(ReceiverStream::new(replies))
    });
    (near, spawn_local(digging), seen)
}

/// Everything that comes out of the socket until its end. What to say depends on whether there was one.
async fn rest(
    case: &Case,
    socket: &mut DuplexStream,
    wanted: &str,
    seen: &Seen,
    (ended_early, silent): (&str, &str),
) {
    let mut came = Vec::new();
    let ended = timeout(SOON, socket.read_to_end(&mut came)).await.is_ok();
    if ended && came == wanted.as_bytes() {
        return;
    }
    let (end, advice) = match ended {
        true => ("and the end", ended_early),
        false => ("and then nothing", silent),
    };
    case.fail(
        case.report()
            .detail("expected", format!("{} and the end", wanted.view()))
            .detail("came back", format!("{} {end}", came.view()))
            .detail("meanwhile", seen.view())
            .advice(advice),
    );
}

/// What the tunnel returned.
async fn outcome(case: &Case, tunnel: Tunnel, wanted: &str, advice: &str) -> Result<(), Status> {
    match timeout(SOON, tunnel).await {
        Ok(Ok(outcome)) => outcome,
        // The panic itself is told by the case.
        Ok(Err(_)) => case.differ(wanted, "it panicked", advice),
        Err(_) => case.differ(wanted, "it still runs", advice),
    }
}

fn view(outcome: &Result<(), Status>) -> String {
    match outcome {
        Ok(()) => "Ok".to_string(),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}

// 100 KB, and no pipe holds more than a little.
#[test]
fn both_directions_flow() {
    case(
        "A server that sends back what it reads, and 100 KB for it",
        |case| {
            play(async {
                let (socket, _tunnel, seen) = dig(async |mut requests, out, seen| {
                    while let Some(bytes) = next(&mut requests, &seen).await {
                        if out.send(Ok(bytes)).await.is_err() {
                            return;
                        }
                    }
                });
                let all: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
                let mut back = vec![0; all.len()];
                let (mut reading, mut writing) = tokio::io::split(socket);
                let there = writing.write_all(&all);
                let both = async { tokio::join!(there, reading.read_exact(&mut back)) };
                if timeout(SOON * 2, both).await.is_err() {
                    let read = seen.bytes.load(Ordering::SeqCst);
                    let advice = "Everything is full and everybody waits: the server writes what you do \
                              not read, because you are still sending. Both directions must flow at \
                              the same time.";
                    case.differ(
                        "100,000 bytes there and back",
                        format!("it stands still after {read}"),
                        advice,
                    );
                }
                if back != all {
                    let at = back.iter().zip(&all).position(|(back, all)| back != all);
                    let at = at.unwrap_or_default();
                    let advice = "Bytes keep their order, and only those that were read are sent.";
                    case.differ(
                        "the same bytes",
                        format!("byte {at} is another one"),
                        advice,
                    );
                }
            });
        },
    );
    case(
        "A server that begins to answer when it has read something",
        |case| {
            play(async {
                let (mut socket, far) = duplex(256);
                let digging = spawn_local(tunnel(far, async |mut requests: Requests| {
                    let first = requests.next().await;
                    let (out, replies) = mpsc::channel(1);
                    let _ = out.send(Ok(first.unwrap_or_default())).await;
                    Ok(ReceiverStream::new(replies))
                }));
                let sent = socket.write_all(b"hello").await;
                assert!(sent.is_ok(), "the socket takes 5 bytes");
                let mut back = [0; 5];
                if timeout(SOON, socket.read_exact(&mut back)).await.is_err() {
                    let advice = "Both sides wait for the other: you wait for the call to begin before you \
                              read the socket, and this server begins when it has read something.";
                    case.differ("hello", "nothing came back", advice);
                }
                digging.abort();
            });
        },
    );
}

// The belief of this exercise. Finishing to send is the beginning of the best part.
#[test]
fn the_answer_comes_after_the_last_byte() {
    case(
        "A server that counts: it answers when it has read everything",
        |case| {
            play(async {
                let (mut socket, tunnel, seen) = dig(async |mut requests, out, seen| {
                    let mut sum = 0;
                    while let Some(bytes) = next(&mut requests, &seen).await {
                        sum += bytes.len();
                    }
                    for words in [format!("{sum} bytes"), ", and that was all".to_string()] {
                        let _ = out.send(Ok(words.into_bytes())).await;
                    }
                });
                let sent = socket.write_all(b"one two three").await;
                assert!(sent.is_ok(), "the socket takes 13 bytes");
                // Half-close: this direction has ended.
                assert!(
                    socket.shutdown().await.is_ok(),
                    "a shutdown of our own side"
                );
                let early = "You stopped reading when you stopped sending. The socket's end closes one \
                         direction; the replies come in the other one, and go on until they end by \
                         themselves.";
                let silent = "The socket has no more to read, and the server does not know: its requests \
                          end when the sender of them is dropped, and you still hold it.";
                let wanted = "13 bytes, and that was all";
                rest(case, &mut socket, wanted, &seen, (early, silent)).await;
                let outcome = outcome(case, tunnel, "Ok", "Both directions have ended.").await;
                if outcome.is_err() {
                    case.differ(
                        "Ok",
                        view(&outcome),
                        "Both directions have ended, and nothing failed.",
                    );
                }
            });
        },
    );
}

// A call is over when the replies are. Nobody would read another request.
#[test]
fn the_server_may_finish_first() {
    case(
        "The server says goodbye, and the program at the socket says nothing",
        |case| {
            play(async {
                let (mut socket, tunnel, seen) = dig(async |_requests, out, _| {
                    let _ = out.send(Ok(b"closed today".to_vec())).await;
                });
                let advice = "The replies have ended, so the call is over. You still wait for the socket, \
                          which may stay silent for ever; and its program waits for an end.";
                rest(case, &mut socket, "closed today", &seen, (advice, advice)).await;
                let outcome = outcome(case, tunnel, "Ok", advice).await;
                if outcome.is_err() {
                    case.differ(
                        "Ok",
                        view(&outcome),
                        "The replies ended, and nothing failed.",
                    );
                }
            });
        },
    );
}

// A call can fail when it has gone well for a while.
#[test]
fn what_failed_is_not_finished() {
    case(
        "The server sends 5 bytes, and then RESOURCE_EXHAUSTED",
        |case| {
            play(async {
                let (mut socket, tunnel, _) = dig(async |mut requests, out, seen| {
                    next(&mut requests, &seen).await;
                    let _ = out.send(Ok(b"first".to_vec())).await;
                    let _ = out.send(Err(Status::resource_exhausted("enough"))).await;
                });
                let sent = socket.write_all(b"more?").await;
                assert!(sent.is_ok(), "the socket takes 5 bytes");
                let wanted = "ResourceExhausted: enough";
                let advice = "The call has failed. Whoever started the tunnel has to know, or takes what \
                          came for everything: return the status.";
                let outcome = outcome(case, tunnel, wanted, advice).await;
                if view(&outcome) != wanted {
                    case.differ(wanted, view(&outcome), advice);
                }
            });
        },
    );
}
