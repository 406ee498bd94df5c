//! The check of `later`. Its servers come late, warm up, say nothing, or say no.

mod exercise;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exercise::{NotReady, ready};
use testkit::{Case, PATIENCE, View, case};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const SERVICE: &str = "greeter.v1.Greeter";

type Outcome = Result<Channel, NotReady>;

/// A health service of the check's own: it can be anything, and counts who asks.
#[derive(Clone, Default)]
struct TheHealth {
    serving: Arc<AtomicBool>,
    refuses: Option<Code>,
    asked: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl Health for TheHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(code) = self.refuses {
            return Err(Status::new(code, "no"));
        }
        if request.into_inner().service != SERVICE {
            return Err(Status::not_found("another service was asked for"));
        }
        let status = if self.serving.load(Ordering::SeqCst) {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        Ok(Response::new(HealthCheckResponse {
            status: status.into(),
        }))
    }

    type WatchStream = tokio_stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("ask with Check"))
    }
}

async fn serve(listener: TcpListener, health: TheHealth) {
    let server = Server::builder().add_service(HealthServer::new(health));
    let _ = server
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await;
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Runs a scene; the learner's function has long ended when this gives up.
fn scene<T: Send + 'static>(case: &Case, body: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let advice = "`patience` is over, and the caller still waits: the deadline must hold for every \
                  call and every pause in the function.";
    case.run_within(PATIENCE * 3, "ready", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body())
    })
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(_) => "a channel".to_string(),
        Err(NotReady::InTime(status)) => format!("InTime({:?})", status.code()),
        Err(NotReady::Never(status)) => format!("Never({:?})", status.code()),
    }
}

// The belief of this exercise. Where many programs start together somebody is always first, and it is
// the one who calls.
#[test]
fn a_the_server_comes_up_later() {
    case("The server comes up 300 ms after the client", |case| {
        let (outcome, works) = scene(case, async || {
            // A port that was free a moment ago: nobody listens there.
            let addr = free_port().await.local_addr().expect("an address");
            tokio::spawn(async move {
                sleep(Duration::from_millis(300)).await;
                let health = TheHealth::default();
                health.serving.store(true, Ordering::SeqCst);
                let listener = TcpListener::bind(addr).await.expect("its own port");
                serve(listener, health).await;
            });
            let outcome = ready(addr, SERVICE, Duration::from_millis(1200)).await;
            let service = SERVICE.to_string();
            let works = match &outcome {
                Ok(channel) => HealthClient::new(channel.clone())
                    .check(HealthCheckRequest { service })
                    .await
                    .is_ok(),
                Err(_) => false,
            };
            (outcome, works)
        });
        if outcome.is_err() {
            let advice = "The server came up 300 ms later, and you had given up. That nobody \
                          listens *yet* is no error while there is patience left.";
            case.differ("a channel", words(&outcome), advice);
        }
        if !works {
            case.differ(
                "a channel that works",
                "one that does not",
                "Return the one that worked.",
            );
        }
    });
}

#[test]
fn b_an_open_port_is_not_a_ready_service() {
    case(
        "The port is open; the service is ready 150 ms later",
        |case| {
            let (outcome, serving) = scene(case, async || {
                let (listener, health) = (free_port().await, TheHealth::default());
                let addr = listener.local_addr().expect("an address");
                let serving = Arc::clone(&health.serving);
                tokio::spawn(serve(listener, health));
                let late = Arc::clone(&serving);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(150)).await;
                    late.store(true, Ordering::SeqCst);
                });
                let outcome = ready(addr, SERVICE, Duration::from_millis(900)).await;
                (outcome, serving.load(Ordering::SeqCst))
            });
            if outcome.is_err() {
                let advice = "NOT_SERVING is what a server says while it warms up. Ask again.";
                case.differ("a channel, once it is ready", words(&outcome), advice);
            }
            if !serving {
                let advice = "The health service still said NOT_SERVING. That the call of `check` has \
                          succeeded only means that there is an answer: look at it.";
                case.differ(
                    "a channel, once it is ready",
                    "a channel, before it was",
                    advice,
                );
            }
        },
    );
}

#[test]
fn c_attempts_are_few() {
    case("A service that is not ready for half a second", |case| {
        let asked = scene(case, async || {
            let (listener, health) = (free_port().await, TheHealth::default());
            let addr = listener.local_addr().expect("an address");
            let asked = Arc::clone(&health.asked);
            tokio::spawn(serve(listener, health));
            let _late = ready(addr, SERVICE, PATIENCE).await;
            asked.load(Ordering::SeqCst)
        });
        if asked > 12 {
            let advice = "A server that is warming up has better things to do than to answer you. \
                          Wait between two attempts, and longer each time.";
            case.differ(
                "at most a dozen attempts",
                format!("{asked} attempts"),
                advice,
            );
        }
        if asked < 3 {
            let advice = "Asked so seldom, a service that is ready early waits for you.";
            case.differ("some attempts in 0.5 s", format!("{asked}"), advice);
        }
    });
}

#[test]
fn d_silence_ends_with_the_patience() {
    case("Somebody accepts, and says nothing", |case| {
        let (outcome, waited) = scene(case, async || {
            let listener = free_port().await;
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(async move {
                let mut silent = Vec::new();
                while let Ok((stream, _)) = listener.accept().await {
                    silent.push(stream);
                }
            });
            let since = Instant::now();
            let outcome = ready(addr, SERVICE, Duration::from_millis(200)).await;
            (outcome, since.elapsed())
        });
        if !matches!(outcome, Err(NotReady::InTime(_))) {
            let advice = "Nothing was said, so nothing is known: the time was over.";
            let answer = format!("{} after {}", words(&outcome), waited.view());
            case.differ("InTime", answer, advice);
        }
    });
}

#[test]
fn e_some_answers_never_change() {
    for code in [Code::Unimplemented, Code::Unauthenticated] {
        case(&format!("The health service answers {code:?}"), |case| {
            let (outcome, asked) = scene(case, async move || {
                let health = TheHealth {
                    refuses: Some(code),
                    ..TheHealth::default()
                };
                let listener = free_port().await;
                let addr = listener.local_addr().expect("an address");
                let asked = Arc::clone(&health.asked);
                tokio::spawn(serve(listener, health));
                let outcome = ready(addr, SERVICE, Duration::from_millis(300)).await;
                (outcome, asked.load(Ordering::SeqCst))
            });
            let expected = format!("Never({code:?})");
            let advice = "This server is up, and its answer will be the same tomorrow: somebody has to \
                          change something. Waiting only hides that.";
            if words(&outcome) != expected || asked > 1 {
                let answer = format!("{} after {asked} attempts", words(&outcome));
                case.differ(expected, answer, advice);
            }
        });
    }
}
