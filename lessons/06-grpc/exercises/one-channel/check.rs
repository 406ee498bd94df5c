//! The check of `one-channel`. The check is the greeter; it counts who dials, and who is thought about
//! at the same time.

mod exercise;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exercise::Evening;
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// What the greeter has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    calls: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

struct TheGreeter {
    seen: Arc<Seen>,
    thinking: fn(&str) -> Duration,
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
        sleep((self.thinking)(&name)).await;
        self.seen.now.fetch_sub(1, Ordering::SeqCst);
        if name.is_empty() {
            return Err(Status::invalid_argument("no name"));
        }
        let message = format!("hello {name}");
        Ok(Response::new(HelloReply { message }))
    }
}

type Greeting = Result<String, Status>;

/// An evening with a greeter who thinks so long; `body` is the evening.
fn evening<T: Send + 'static>(
    case: &Case,
    thinking: fn(&str) -> Duration,
    body: impl AsyncFnOnce(SocketAddr) -> T + Send + 'static,
) -> (T, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let of_server = Arc::clone(&seen);
    let advice = "The evening is over, and there are guests whom nobody has greeted.";
    let value = case.run_within(PATIENCE * 6, "greet_all", advice, move || {
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
            let greeter = GreeterServer::new(TheGreeter { seen, thinking });
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

fn words(greetings: &[Greeting]) -> String {
    let words = greetings.iter().map(|greeting| match greeting {
        Ok(words) => format!("{words:?}"),
        Err(status) => format!("{:?}", status.code()),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn guests(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("guest {number}"))
        .collect()
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

const AT_ONCE: fn(&str) -> Duration = |_| Duration::ZERO;

// The belief of this exercise. Each of these connections is a handshake, buffers on both sides and a
// port, for one call of fifty bytes.
#[test]
fn a_one_connection_carries_all_calls() {
    case("100 guests", |case| {
        let (_, seen) = evening(case, AT_ONCE, async |addr| {
            Evening::new(addr).greet_all(&borrowed(&guests(100))).await
        });
        let (calls, connections) = (count(&seen.calls), count(&seen.connections));
        let answer = format!("{calls} calls, {connections} connections");
        if connections > 1 {
            let advice = format!(
                "{answer}: clone the channel. It is one connection, and many calls travel on it at \
                 the same time; a clone of a client uses the same one."
            );
            case.differ("100 calls, 1 connection", answer, &advice);
        }
        if calls != 100 {
            case.differ(
                "100 calls, 1 connection",
                answer,
                "One call for each guest.",
            );
        }
    });
    case("30 guests, and then 10 more", |case| {
        let (_, seen) = evening(case, AT_ONCE, async |addr| {
            let evening = Evening::new(addr);
            let first = evening.greet_all(&borrowed(&guests(30))).await.len();
            first + evening.greet_all(&borrowed(&guests(10))).await.len()
        });
        let advice = "The connection of the first call of `greet_all` was still good. Keep the \
                      channel in the struct.";
        case.expect_eq(&1_usize, &count(&seen.connections), advice);
    });
}

#[test]
fn b_calls_travel_together() {
    case("25 guests; the greeter thinks 40 ms about each", |case| {
        let thinking = |_: &str| Duration::from_millis(40);
        let (_, seen) = evening(case, thinking, async |addr| {
            Evening::new(addr).greet_all(&borrowed(&guests(25))).await
        });
        let most = count(&seen.most);
        if most < 4 {
            let advice = "One connection is not one call at a time: while the greeter thinks about \
                          one guest, the wire is quiet. `say_hello` wants `&mut self`; each call can \
                          have a clone of its own.";
            let answer = format!("at most {most} at the same time");
            case.differ("many calls under way at the same time", answer, advice);
        }
    });
}

#[test]
fn c_greetings_keep_their_places() {
    case("The greeter thinks longest about the first guest", |case| {
        let thinking: fn(&str) -> Duration = |name| match name {
            "Ada" => Duration::from_millis(90),
            "Grace" => Duration::from_millis(45),
            _ => Duration::ZERO,
        };
        let (greetings, _) = evening(case, thinking, async |addr| {
            Evening::new(addr)
                .greet_all(&["Ada", "Grace", "Linus"])
                .await
        });
        let expected = r#""hello Ada", "hello Grace", "hello Linus""#;
        let advice = "Calls that are under way together end in any order. Let each one carry the \
                      place of its guest.";
        if words(&greetings) != expected {
            case.differ(expected, words(&greetings), advice);
        }
    });
}

#[test]
fn d_one_failed_call_is_one_failed_call() {
    case("The second of three guests has no name", |case| {
        let (greetings, _) = evening(case, AT_ONCE, async |addr| {
            Evening::new(addr).greet_all(&["Ada", "", "Linus"]).await
        });
        let expected = r#""hello Ada", InvalidArgument, "hello Linus""#;
        let advice = "They share a connection, and nothing else: a status ends one call. The others \
                      have their greetings.";
        if words(&greetings) != expected {
            case.differ(expected, words(&greetings), advice);
        }
    });
}
