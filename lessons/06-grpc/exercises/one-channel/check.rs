//! The check of `one-channel`. The check is the server; it counts connections, calls, and the calls that are
//! under way at the same time.

mod exercise;
mod given;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exercise::BatchGreeter;
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// What the server has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    calls: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// How the server works on a call.
#[derive(Clone, Copy)]
enum Work {
    /// For this time, which depends on the name.
    For(fn(&str) -> Duration),
    /// Until so many calls have been under way together, or until a time is over.
    Together(usize),
}

struct TheGreeter {
    seen: Arc<Seen>,
    work: Work,
    /// Then it waits for no more calls.
    until: Instant,
}

#[tonic::async_trait]
impl Greeter for TheGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        self.seen.calls.fetch_add(1, Ordering::SeqCst);
        let now = self.seen.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.seen.most.fetch_max(now, Ordering::SeqCst);
        match self.work {
            Work::For(time) => sleep(time(&name)).await,
            Work::Together(calls) => {
                while count(&self.seen.most) < calls && Instant::now() < self.until {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        }
        self.seen.now.fetch_sub(1, Ordering::SeqCst);
        if name.is_empty() {
            return Err(Status::invalid_argument("no name"));
        }
        let message = format!("hello {name}");
        Ok(Response::new(HelloReply { message }))
    }
}

type Outcome = Result<String, Status>;

/// Runs `body` with the address of a server that works like this.
fn served<T: Send + 'static>(
    case: &Case,
    work: Work,
    body: impl AsyncFnOnce(SocketAddr) -> T + Send + 'static,
) -> (T, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let of_server = Arc::clone(&seen);
    let advice = "`greet_all` has not returned, although the server has answered every call.";
    let value = case.run_within(PATIENCE * 8, "greet_all", advice, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let value = runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let counting = Arc::clone(&of_server);
            let incoming = TcpListenerStream::new(listener).map(move |stream| {
                counting.connections.fetch_add(1, Ordering::SeqCst);
                stream.inspect(|stream| {
                    let _ = stream.set_nodelay(true);
                })
            });
            let seen = of_server;
            let until = Instant::now() + PATIENCE / 2;
            let greeter = GreeterServer::new(TheGreeter { seen, work, until });
            let server = Server::builder().add_service(greeter);
            tokio::spawn(server.serve_with_incoming(incoming));
            body(addr).await
        });
        runtime.shutdown_background();
        value
    });
    (value, seen)
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

fn words(results: &[Outcome]) -> String {
    let words = results.iter().map(|result| match result {
        Ok(words) => format!("{words:?}"),
        Err(status) => format!("{:?}", status.code()),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("user {number}")).collect()
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

const AT_ONCE: Work = Work::For(|_| Duration::ZERO);

// The belief of this exercise. Each of these connections is a handshake, buffers on both sides and a
// port, for one call of fifty bytes.
#[test]
fn a_one_connection_carries_all_calls() {
    case("100 names", |case| {
        let (_, seen) = served(case, AT_ONCE, async |addr| {
            BatchGreeter::new(addr)
                .greet_all(&borrowed(&names(100)))
                .await
        });
        let (calls, connections) = (count(&seen.calls), count(&seen.connections));
        let answer = format!("calls: {calls}, connections: {connections}");
        if connections > 1 && connections >= calls {
            let advice = "Each call has made a connection of its own. Clone the client: a channel is one \
                          connection, many calls use it at the same time, and a clone of a client uses \
                          the same channel.";
            case.differ("calls: 100, connections: 1", answer, advice);
        }
        if connections != 1 || calls != 100 {
            let advice = "One call for each name, and one connection for all of them.";
            case.differ("calls: 100, connections: 1", answer, advice);
        }
    });
    case("30 names, and then 10 more", |case| {
        let (_, seen) = served(case, AT_ONCE, async |addr| {
            let greeter = BatchGreeter::new(addr);
            let first = greeter.greet_all(&borrowed(&names(30))).await.len();
            first + greeter.greet_all(&borrowed(&names(10))).await.len()
        });
        let connections = count(&seen.connections);
        if connections != 1 {
            let advice = "The connection of the first batch was still good for the second one. Keep the \
                          channel in the struct.";
            let answer = format!("connections: {connections}");
            case.differ("connections: 1, for both batches", answer, advice);
        }
    });
}

#[test]
fn b_calls_run_at_the_same_time() {
    case(
        "53 names; the server answers when it has 53 calls",
        |case| {
            let (_, seen) = served(case, Work::Together(53), async |addr| {
                BatchGreeter::new(addr)
                    .greet_all(&borrowed(&names(53)))
                    .await
            });
            let most = count(&seen.most);
            let answer = format!("calls under way at the same time: {most}");
            if most == 1 {
                let advice = "Each call waited until the one before it had ended. One connection carries many \
                          calls at a time. `say_hello` takes `&mut self`, so give each call a clone.";
                case.differ("calls under way at the same time: 53", answer, advice);
            }
            if most < 53 {
                let advice = "Some calls began only after others had ended. Begin all calls of the batch \
                          before you wait for a result.";
                case.differ("calls under way at the same time: 53", answer, advice);
            }
        },
    );
}

#[test]
fn c_results_keep_the_order_of_the_names() {
    case("The server works longest for the first name", |case| {
        let work = Work::For(|name| match name {
            "Ada" => Duration::from_millis(90),
            "Grace" => Duration::from_millis(45),
            _ => Duration::ZERO,
        });
        let (results, _) = served(case, work, async |addr| {
            BatchGreeter::new(addr)
                .greet_all(&["Ada", "Grace", "Linus"])
                .await
        });
        let expected = r#""hello Ada", "hello Grace", "hello Linus""#;
        let replies = results.iter().flatten().map(String::as_str);
        let mut sorted: Vec<_> = replies.collect();
        sorted.sort_unstable();
        let advice = match sorted[..] {
            ["hello Ada", "hello Grace", "hello Linus"] => {
                "Calls that run together end in any order. Return the results in the order of the names: let each \
                 call carry the place of its name."
            }
            _ => {
                "The server has replied to all three calls. Return one result for each name: what its call returned."
            }
        };
        if words(&results) != expected {
            case.differ(expected, words(&results), advice);
        }
    });
}

#[test]
fn d_one_failed_call_fails_alone() {
    case("The second of three names is empty", |case| {
        let (results, _) = served(case, AT_ONCE, async |addr| {
            BatchGreeter::new(addr)
                .greet_all(&["Ada", "", "Linus"])
                .await
        });
        let expected = r#""hello Ada", InvalidArgument, "hello Linus""#;
        let replies = results.iter().filter(|result| result.is_ok()).count();
        let advice = match replies {
            2 => {
                "One result for each name, in the order of the names: two replies, and the status of the second call."
            }
            _ => {
                "The calls share a connection and nothing else: a status ends one call. The others have their replies."
            }
        };
        if words(&results) != expected {
            case.differ(expected, words(&results), advice);
        }
    });
    case("No names", |case| {
        let (results, _) = served(case, AT_ONCE, async |addr| {
            BatchGreeter::new(addr).greet_all(&[]).await
        });
        if !results.is_empty() {
            case.differ(
                "no result",
                words(&results),
                "Without a name there is no call.",
            );
        }
    });
}
