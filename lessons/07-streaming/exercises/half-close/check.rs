//! The check of `half-close`. It plays both ends, in memory: a program at the socket, and a server behind the
//! call. It waits for a clock only when an answer is wrong.

mod exercise;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::tunnel;
use testkit::{Case, View, case, schedules};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

/// A right answer needs no time; this is for machines that are busy.
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

/// What the server has received.
#[derive(Default)]
struct Seen {
    bytes: AtomicUsize,
    empty: AtomicUsize,
    ended: AtomicBool,
}

impl Seen {
    /// The same in words.
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
        Some(bytes) if bytes.is_empty() => drop(seen.empty.fetch_add(1, Ordering::SeqCst)),
        Some(bytes) => drop(seen.bytes.fetch_add(bytes.len(), Ordering::SeqCst)),
        None => seen.ended.store(true, Ordering::SeqCst),
    }
    request
}

/// The program's end of a socket, and the tunnel that runs behind it. `server` gets the requests. The pipes
/// in both directions are small.
fn open<F>(
    server: impl FnOnce(Requests, Replies, Arc<Seen>) -> F + 'static,
) -> (DuplexStream, Tunnel, Arc<Seen>)
where
    F: Future<Output = ()> + 'static,
{
    let (near, far) = duplex(256);
    let seen = Arc::<Seen>::default();
    let of_server = Arc::clone(&seen);
    let running = tunnel(far, async move |requests| {
        let (out, replies) = mpsc::channel(1);
        spawn_local(server(requests, out, of_server));
        Ok(ReceiverStream::new(replies))
    });
    (near, spawn_local(running), seen)
}

/// Reads the socket to its end. The advice depends on whether there was one.
async fn rest(
    case: &Case,
    socket: &mut DuplexStream,
    wanted: &str,
    seen: &Seen,
    ended_early: &str,
) {
    let mut came = Vec::new();
    let ended = timeout(SOON, socket.read_to_end(&mut came)).await.is_ok();
    if ended && came == wanted.as_bytes() {
        return;
    }
    let (end, advice) = match ended {
        true => ("and the end".to_string(), ended_early),
        false => {
            let end = format!("and nothing more within {} ms", SOON.as_millis());
            (end, silent(came == wanted.as_bytes(), seen))
        }
    };
    case.fail(
        case.report()
            .detail("expected", format!("{} and the end", wanted.view()))
            .detail("the program read", format!("{} {end}", came.view()))
            .detail("meanwhile", seen.view())
            .advice(advice),
    );
}

/// Why the socket does not end.
fn silent(complete: bool, seen: &Seen) -> &'static str {
    match (complete, seen.ended.load(Ordering::SeqCst)) {
        (true, _) => {
            "The replies have ended, so the call is over. Your code still waits for the socket, which may \
             stay silent without limit, and its program waits for the end."
        }
        (false, false) if seen.empty.load(Ordering::SeqCst) > 0 => {
            "Your code goes on with empty requests. A `read` that returns 0 bytes is the end of the socket: end \
             the requests."
        }
        (false, false) => {
            "The socket has no more to read, and the server does not know it: its requests end when \
             their sender is dropped, and your code still holds it."
        }
        (false, true) => "The server has sent more. Write all bytes of the replies to the socket.",
    }
}

/// What the tunnel returned.
async fn outcome(case: &Case, tunnel: Tunnel, wanted: &str, advice: &str) -> Result<(), Status> {
    match timeout(SOON, tunnel).await {
        Ok(Ok(outcome)) => outcome,
        // The panic itself is told by the case.
        Ok(Err(_)) => case.differ(wanted, "it panicked", advice),
        Err(_) => case.differ(
            format!("`tunnel` returns {wanted}"),
            format!("it still runs after {} ms", SOON.as_millis()),
            advice,
        ),
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
                let (socket, _tunnel, seen) = open(async |mut requests, out, seen| {
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
                    let advice = match read {
                        0 => {
                            "The server is ready to read, and no request has arrived. Send it what `read` returned."
                        }
                        _ => {
                            "A deadlock: all buffers are full. The server waits until you read its replies, and \
                             you wait until it reads your requests. Both directions must flow at the same time."
                        }
                    };
                    case.differ(
                        "100,000 bytes there and back",
                        format!("no progress after the server has read {read} bytes"),
                        advice,
                    );
                }
                if back != all {
                    let at = back.iter().zip(&all).position(|(back, all)| back != all);
                    let at = at.unwrap_or_default();
                    let advice =
                        "Send the bytes that `read` returned, all of them, and in their order.";
                    case.differ(
                        "the same 100,000 bytes back",
                        format!("byte {at} differs"),
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
                let running = spawn_local(tunnel(far, async |mut requests: Requests| {
                    let first = requests.next().await;
                    let (out, replies) = mpsc::channel(1);
                    let _ = out.send(Ok(first.unwrap_or_default())).await;
                    Ok(ReceiverStream::new(replies))
                }));
                let sent = socket.write_all(b"hello").await;
                assert!(sent.is_ok(), "the socket takes 5 bytes");
                let mut back = [0; 5];
                if timeout(SOON, socket.read_exact(&mut back)).await.is_err() {
                    let advice = "A deadlock: you wait for the call to begin before you read the socket, and \
                                  this server begins its call when it has read a request.";
                    case.differ("\"hello\"", "nothing came back", advice);
                }
                running.abort();
            });
        },
    );
}

// The belief of this exercise: the end of one direction is the end of the call.
#[test]
fn the_answer_comes_after_the_last_byte() {
    case(
        "A server that counts: it answers when it has read everything",
        |case| {
            play(async {
                let (mut socket, tunnel, seen) = open(async |mut requests, out, seen| {
                    let mut sum = 0;
                    while let Some(bytes) = next(&mut requests, &seen).await {
                        sum += bytes.len();
                    }
                    for words in [format!("{sum} bytes"), ", and that was all".to_string()] {
                        let _ = out.send(Ok(words.into_bytes())).await;
                    }
                });
                // One byte alone, and the rest when that one has arrived or is late.
                let first = socket.write_all(b"o").await;
                for _ in 0..100 {
                    yield_now().await;
                }
                let sent = first.and(socket.write_all(b"ne two three").await);
                if sent.is_err() {
                    let answer = format!("it has closed the socket; {}", seen.view());
                    let advice = "A `read` may return a single byte, and more later. Only 0 bytes, or an error, is the end of the \
                                  socket.";
                    case.differ("the tunnel takes 13 bytes from the socket", answer, advice);
                }
                // Half-close: this direction has ended.
                assert!(
                    socket.shutdown().await.is_ok(),
                    "a shutdown of our own side"
                );
                let early = "The tunnel stopped reading replies when the socket had no more to read. That is the \
                             end of one direction; the replies go on until they end by themselves.";
                let wanted = "13 bytes, and that was all";
                rest(case, &mut socket, wanted, &seen, early).await;
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

// A call is over when the replies are: no further request would be read.
#[test]
fn the_server_may_finish_first() {
    case(
        "The server sends 900 bytes and ends the call; the program at the socket sends nothing",
        |case| {
            play(async {
                let (mut socket, tunnel, seen) = open(async |_requests, out, _| {
                    let _ = out.send(Ok(vec![b'z'; 900])).await;
                });
                let early = "The tunnel has ended, and not all bytes of the reply were written to the socket.";
                rest(case, &mut socket, &"z".repeat(900), &seen, early).await;
                let advice = "The replies have ended, so the call is over. Your code still waits for the \
                              socket, which may stay silent without limit, and its program waits for the end.";
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
                let (mut socket, tunnel, _) = open(async |mut requests, out, seen| {
                    next(&mut requests, &seen).await;
                    let _ = out.send(Ok(b"first".to_vec())).await;
                    let _ = out.send(Err(Status::resource_exhausted("enough"))).await;
                });
                let sent = socket.write_all(b"more?").await;
                assert!(sent.is_ok(), "the socket takes 5 bytes");
                let wanted = "ResourceExhausted: enough";
                let advice = "The call has failed. Return its status, or the caller of `tunnel` takes the \
                              bytes that came for all of them.";
                let outcome = outcome(case, tunnel, wanted, advice).await;
                if view(&outcome) != wanted {
                    case.differ(wanted, view(&outcome), advice);
                }
            });
        },
    );
    case("The server refuses the call: UNAUTHENTICATED", |case| {
        play(async {
            let (_socket, far) = duplex(256);
            let tunnel = spawn_local(tunnel(far, async |_: Requests| {
                Err::<ReceiverStream<_>, _>(Status::unauthenticated("no token"))
            }));
            let wanted = "Unauthenticated: no token";
            let advice = "The call has not begun. Return its status at once.";
            let outcome = outcome(case, tunnel, wanted, advice).await;
            if view(&outcome) != wanted {
                case.differ(wanted, view(&outcome), advice);
            }
        });
    });
    case(
        "The program closes the socket, and the server goes on sending",
        |case| {
            play(async {
                let (socket, tunnel, _) =
                    open(
                        async |_requests, out, _| {
                            while out.send(Ok(vec![b'.'; 700])).await.is_ok() {}
                        },
                    );
                drop(socket);
                let wanted = "a status with the code CANCELLED";
                let advice = "The socket cannot be written any more, so the replies have no reader. End the \
                              call: return CANCELLED.";
                let outcome = outcome(case, tunnel, wanted, advice).await;
                let right = matches!(&outcome, Err(status) if status.code() == Code::Cancelled);
                if !right {
                    case.differ(wanted, view(&outcome), advice);
                }
            });
        },
    );
}

// The check decides which end goes on. Each of them says two things and ends.
#[test]
fn whatever_comes_first() {
    schedules(
        "The program sends \"one \" and \"two\" and ends; the server sends \"ONE \" and \"TWO\" and ends",
        |case, schedule| {
            play(async {
                let (says, mut script) = mpsc::unbounded_channel::<&str>();
                let (mut socket, tunnel, seen) = open(async move |mut requests, out, seen| {
                    let mut open = true;
                    loop {
                        tokio::select! {
                            request = next(&mut requests, &seen), if open => open = request.is_some(),
                            word = script.recv() => {
                                let Some(word) = word else { return };
                                if out.send(Ok(word.into())).await.is_err() {
                                    return;
                                }
                            }
                        }
                    }
                });
                let mut program = [Some("one "), Some("two"), None].into_iter();
                let mut server = [Some("ONE "), Some("TWO"), None].into_iter();
                let mut says = Some(says);
                let (mut ended, mut all) = (false, true);
                for _ in 0..6 {
                    // The usual: the program first.
                    let program_goes_on =
                        program.len() > 0 && (server.len() == 0 || schedule.pick(2) == 0);
                    match if program_goes_on {
                        program.next()
                    } else {
                        server.next()
                    } {
                        Some(Some(word)) if program_goes_on => {
                            schedule.sends("program", "server", word.view());
                            // The tunnel may have ended with the replies.
                            let _ = socket.write_all(word.as_bytes()).await;
                        }
                        _ if program_goes_on => {
                            schedule.sends("program", "server", "the end");
                            let _ = socket.shutdown().await;
                            ended = true;
                        }
                        Some(Some(word)) => {
                            schedule.sends("server", "program", word.view());
                            if let Some(says) = &says {
                                let _ = says.send(word);
                            }
                        }
                        _ => {
                            schedule.sends("server", "program", "the end");
                            all = ended;
                            says = None;
                        }
                    }
                    for _ in 0..30 {
                        yield_now().await;
                    }
                }
                let early = "One direction has ended, and the other one has not: the replies go on until they end by themselves.";
                rest(case, &mut socket, "ONE TWO", &seen, early).await;
                let advice = "The replies have ended, so the call is over, and nothing has failed.";
                let outcome = outcome(case, tunnel, "Ok", advice).await;
                if outcome.is_err() {
                    case.differ("Ok", view(&outcome), advice);
                }
                // All of it, unless the server has ended the call before.
                let wanted = "the server has read 7 bytes and the end";
                if all && seen.view() != wanted {
                    let advice = "The program has sent 7 bytes and its end before the server ended the call.";
                    case.differ(wanted, seen.view(), advice);
                }
            });
        },
    );
}
