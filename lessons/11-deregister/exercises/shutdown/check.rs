//! The check of `shutdown`. When `serve` returns, it does what the end of a program does: everything
//! that still runs is gone in the same moment.

mod exercise;
mod given;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exercise::{Handler, serve};
use services::testkit::{Case, PATIENCE, Running, View, case};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// A grace that no check waits for.
const LONG: Duration = Duration::from_secs(60);

/// A handler that takes the same time for each request, and counts them.
struct Steady {
    time: Duration,
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Steady {
    fn of(millis: u64) -> Arc<Self> {
        Arc::new(Steady {
            time: Duration::from_millis(millis),
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        })
    }

    /// Waits until so many requests were begun.
    async fn begun(&self, requests: usize) {
        while self.begun.load(Ordering::SeqCst) < requests {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Handler for Steady {
    async fn handle(&self, request: &str) -> String {
        self.begun.fetch_add(1, Ordering::SeqCst);
        sleep(self.time).await;
        self.done.fetch_add(1, Ordering::SeqCst);
        match request {
            "page" => "x".repeat(PAGE),
            _ => format!("done: {request}"),
        }
    }
}

/// The size of a reply that does not fit into a socket's buffer.
const PAGE: usize = 8 << 20;

/// The learner's server as a program of its own: it ends with `serve`.
struct Program<'c> {
    addr: SocketAddr,
    close: oneshot::Sender<()>,
    ended: Running<'c, usize>,
}

fn open<'c, H: Handler>(case: &'c Case, handler: &Arc<H>, grace: Duration) -> Program<'c> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("our own socket");
    let addr = listener.local_addr().expect("a bound listener");
    let (close, closed) = oneshot::channel();
    let handler = Arc::clone(handler);
    let ended = case.start("serve", move || {
        let runtime = runtime();
        let cut = runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("our own socket");
            let shutdown = async {
                // Also when the check has ended.
                let _ = closed.await;
            };
            serve(listener, handler, shutdown, grace).await
        });
        // The end of the program: all tasks end in the same moment.
        runtime.shutdown_background();
        cut
    });
    Program { addr, close, ended }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The clients, on a runtime of their own: they outlive the program.
fn clients<T>(body: impl Future<Output = T>) -> T {
    runtime().block_on(async {
        timeout(PATIENCE * 3, body)
            .await
            .expect("every step of a client has a deadline of its own")
    })
}

/// A client that has sent a request.
async fn request(addr: SocketAddr, what: &str) -> BufReader<TcpStream> {
    let mut client = TcpStream::connect(addr).await.expect("the server is there");
    let sent = client.write_all(format!("{what}\n").as_bytes()).await;
    sent.expect("the server is there");
    BufReader::new(client)
}

/// The next line that a client gets; `None` if the connection ends without one, or no line comes.
async fn reply(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = timeout(PATIENCE * 2, client.read_line(&mut line)).await;
    matches!(read, Ok(Ok(_)) if line.ends_with('\n')).then(|| line.trim_end().to_string())
}

const HANGS: &str = "`shutdown` is ready, no request is left, and `serve` does not return.";

#[test]
fn a_requests_under_way_are_finished() {
    case("One request, and no shutdown", |case| {
        let handler = Steady::of(1);
        let program = open(case, &handler, Duration::from_millis(400));
        let got = clients(async { reply(&mut request(program.addr, "page").await).await });
        if got.as_ref().is_none_or(|line| line.len() != PAGE) {
            let answer = format!("{} bytes", got.unwrap_or_default().len());
            let advice = "A request gets its whole reply, from a server that is not shut down.";
            case.differ(format!("{PAGE} bytes"), answer, advice);
        }
        let _ = program.close.send(());
    });
    case("Three requests are under way at the shutdown", |case| {
        let handler = Steady::of(60);
        let program = open(case, &handler, Duration::from_millis(400));
        let got = clients(async {
            let mut waiting = Vec::new();
            for what in ["one", "page", "two"] {
                waiting.push(request(program.addr, what).await);
            }
            timeout(PATIENCE, handler.begun(3)).await.ok();
            let _ = program.close.send(());
            let mut got = 0;
            for client in &mut waiting {
                let whole = |line: &String| line.starts_with("done") || line.len() == PAGE;
                got += usize::from(reply(client).await.is_some_and(|line| whole(&line)));
            }
            got
        });
        if got < 3 {
            let advice = "When `serve` returns, the program ends, and all tasks end with it. A request under way is finished \
                          only if `serve` waits for its task.";
            case.differ(
                "3 replies",
                format!("replies: {got}, connections cut: {}", 3 - got),
                advice,
            );
        }
        let cut = program.ended.within(PATIENCE * 2, HANGS);
        let advice = "All three clients have their reply.";
        case.expect_named("`serve` returns", &0, &cut, "requests cut off", advice);
    });
}

#[test]
fn b_the_grace_is_a_limit() {
    case(
        "There is no client at the shutdown; the grace is 60 s",
        |case| {
            let program = open(case, &Steady::of(10), LONG);
            let _ = program.close.send(());
            let advice = "`grace` is the most that requests under way may take. Wait for their tasks, and put the limit around \
                      that: a server that always takes the whole grace makes each deployment slow.";
            program.ended.within(PATIENCE, advice);
        },
    );
}

#[test]
fn c_a_connection_is_not_a_request() {
    case(
        "A client had its reply, and keeps its connection open; the grace is 60 s",
        |case| {
            let handler = Steady::of(5);
            let program = open(case, &handler, LONG);
            let client = clients(async {
                let mut client = request(program.addr, "one").await;
                reply(&mut client).await;
                client.into_inner().into_std().expect("our own socket")
            });
            let _ = program.close.send(());
            let advice = "This connection has no request under way, and clients keep connections for hours. The task of a \
                          connection has to see the shutdown where it waits for the next request, and end there.";
            program.ended.within(PATIENCE, advice);
            drop(client);
        },
    );
}

#[test]
fn d_no_request_is_begun() {
    case("A client has sent a hundred requests at once", |case| {
        let handler = Steady::of(20);
        let program = open(case, &handler, LONG);
        let begun = clients(async {
            let requests = "one\n".repeat(99) + "one";
            let client = request(program.addr, &requests).await;
            timeout(PATIENCE, handler.begun(2)).await.ok();
            let _ = program.close.send(());
            let before = handler.begun.load(Ordering::SeqCst);
            // Long enough for five more; the client stays connected.
            sleep(Duration::from_millis(120)).await;
            drop(client);
            handler.begun.load(Ordering::SeqCst) - before
        });
        // One may begin before the task has seen the shutdown.
        if begun > 1 {
            case.differ(
                "no request is begun after the shutdown",
                format!("requests begun within 120 ms after it: {begun}"),
                "A client that always has another request ready keeps the server running. Look at the shutdown before \
                 you take the next request: in `select!`, `biased;` polls the branches in their order.",
            );
        }
        program.ended.within(PATIENCE * 2, HANGS);
    });
}

#[test]
fn e_new_clients_are_refused() {
    case(
        "A client connects while the last request is under way",
        |case| {
            let handler = Steady::of(300);
            let program = open(case, &handler, LONG);
            let came = clients(async {
                let mut last = request(program.addr, "one").await;
                timeout(PATIENCE, handler.begun(1)).await.ok();
                let _ = program.close.send(());
                sleep(Duration::from_millis(50)).await;
                let came = late_client(program.addr).await;
                reply(&mut last).await;
                came
            });
            if let Some(came) = came {
                let advice = "The operating system accepts connections for a listener that exists, also if the program calls \
                              `accept` no more. The client waits in a queue that is never read. Drop the listener.";
                case.differ("the connection is refused or closed at once", came, advice);
            }
            program.ended.within(PATIENCE * 2, HANGS);
        },
    );
}

/// What happened to a client that came after the shutdown; `None` if it knows within 150 ms that it has to call another
/// server.
async fn late_client(addr: SocketAddr) -> Option<String> {
    let mut client = TcpStream::connect(addr).await.ok()?;
    let _ = client.write_all(b"two\n").await;
    let mut reply = Vec::new();
    let reading = client.read_to_end(&mut reply);
    match timeout(Duration::from_millis(150), reading).await {
        Ok(_) if reply.is_empty() => None,
        Err(_) if reply.is_empty() => Some("connected, and no answer within 150 ms".to_string()),
        _ => Some(format!("connected, and the reply was {}", reply.view())),
    }
}

#[test]
fn f_a_request_that_never_ends() {
    case(
        "One request takes an hour, another one 20 ms; the grace is 300 ms",
        |case| {
            let advice = "A request that hangs must not keep the program: after `grace` it ends all the same. Put \
                          `timeout(grace, ...)` around the waiting.";
            let run = || {
                let (short, program) = two_requests(case);
                (short, program.ended.within(PATIENCE * 2, advice))
            };
            let (mut short, mut cut) = run();
            // A machine that stands still for as long as the grace would cut the short one as well.
            if short.is_none() {
                (short, cut) = run();
            }
            if short.is_none() {
                let advice =
                    "The short request was finished within the grace, and its client got no reply.";
                case.differ("\"done: short\"", "no reply", advice);
            }
            let advice = "The long request was cut off after the grace, and the short one had its reply. Connections that \
                          are left in the set after the grace have a request under way.";
            case.expect_named("`serve` returns", &1, &cut, "requests cut off", advice);
        },
    );
}

#[test]
fn g_two_that_never_end() {
    case("Three requests take an hour; the grace is 150 ms", |case| {
        let handler = Arc::new(Hour::default());
        let program = open(case, &handler, Duration::from_millis(150));
        let clients = clients(async {
            let mut all = Vec::new();
            for _ in 0..3 {
                let client = request(program.addr, "long").await;
                all.push(client.into_inner().into_std().expect("our own socket"));
            }
            timeout(PATIENCE, handler.begun(3)).await.ok();
            all
        });
        let _ = program.close.send(());
        let cut = program
            .ended
            .within(PATIENCE * 2, "After `grace` the program ends.");
        let advice = "Each of the three was cut off after the grace.";
        case.expect_named("`serve` returns", &3, &cut, "requests cut off", advice);
        drop(clients);
    });
}

/// A shutdown with two requests under way: the reply to the short one, and the program.
fn two_requests(case: &Case) -> (Option<String>, Program<'_>) {
    let handler = Arc::new(Hour::default());
    let mut program = open(case, &handler, Duration::from_millis(300));
    let (close, _) = oneshot::channel();
    let close = std::mem::replace(&mut program.close, close);
    let short = clients(async {
        let _long = request(program.addr, "long").await;
        let mut short = request(program.addr, "short").await;
        timeout(PATIENCE, handler.begun(2)).await.ok();
        let _ = close.send(());
        reply(&mut short).await
    });
    (short, program)
}

/// The request `long` takes an hour, every other one 20 ms. It counts the requests that were begun.
#[derive(Default)]
struct Hour(AtomicUsize);

impl Hour {
    async fn begun(&self, requests: usize) {
        while self.0.load(Ordering::SeqCst) < requests {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Handler for Hour {
    async fn handle(&self, request: &str) -> String {
        self.0.fetch_add(1, Ordering::SeqCst);
        let millis = if request == "long" { 3_600_000 } else { 20 };
        sleep(Duration::from_millis(millis)).await;
        format!("done: {request}")
    }
}
