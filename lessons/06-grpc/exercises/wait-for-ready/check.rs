//! The check of `wait-for-ready`. Its servers start late, are not ready, do not answer, or refuse.

mod exercise;
mod given;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exercise::{NotReady, ready};
use testkit::{Case, PATIENCE, case};
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

const GAVE_UP: &str =
    "`ready` gave up long before the timeout. Until then the server may become ready.";

type Outcome = Result<Channel, NotReady>;

/// The check's own health service. It counts the attempts.
#[derive(Clone, Default)]
struct TheHealth {
    serving: Arc<AtomicBool>,
    refuses: Option<Code>,
    /// From then on it does not answer.
    silent_from: Option<Instant>,
    asked: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl Health for TheHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.silent_from.is_some_and(|from| Instant::now() >= from) {
            std::future::pending::<()>().await;
        }
        if let Some(code) = self.refuses {
            return Err(Status::new(code, "refused"));
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

/// Runs a scene; the answer has long returned when this gives up.
fn scene<T: Send + 'static>(case: &Case, body: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let advice = "The timeout is over, and `ready` has not returned: one deadline must hold for every \
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
        Err(NotReady::TimedOut(status)) => format!("TimedOut({:?})", status.code()),
        Err(NotReady::Failed(status)) => format!("Failed({:?})", status.code()),
    }
}

// The belief of this exercise. Where many programs start together, the client is often the first.
#[test]
fn a_the_server_starts_later() {
    case("The server starts 300 ms after the client", |case| {
        let (outcome, works) = scene(case, async || {
            // A port that was free a moment ago: no server listens there.
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
            let advice = match &outcome {
                Err(NotReady::Failed(_)) => {
                    "The server started after 300 ms of 1200 ms, and `ready` had returned. A failed connection is an \
                     error only when the timeout is over."
                }
                _ => GAVE_UP,
            };
            case.differ("a channel", words(&outcome), advice);
        }
        if !works {
            let advice =
                "A call on the returned channel failed. Return the channel that has worked.";
            case.differ(
                "a channel that works",
                "a channel that does not work",
                advice,
            );
        }
    });
}

#[test]
fn b_an_open_port_is_not_a_ready_service() {
    case(
        "The server is up; the service is ready 450 ms later",
        |case| {
            let (outcome, serving) = scene(case, async || {
                let (listener, health) = (free_port().await, TheHealth::default());
                let addr = listener.local_addr().expect("an address");
                let serving = Arc::clone(&health.serving);
                tokio::spawn(serve(listener, health));
                let late = Arc::clone(&serving);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(450)).await;
                    late.store(true, Ordering::SeqCst);
                });
                let outcome = ready(addr, SERVICE, Duration::from_millis(1200)).await;
                (outcome, serving.load(Ordering::SeqCst))
            });
            if outcome.is_err() {
                let advice = match &outcome {
                    Err(NotReady::Failed(_)) => {
                        "A server says NOT_SERVING while the service starts up. Call `is_serving` again until the \
                         timeout is over."
                    }
                    _ => GAVE_UP,
                };
                case.differ("a channel, once it is ready", words(&outcome), advice);
            }
            if !serving {
                let advice = "`is_serving` returned `Ok(false)`: the server answered, and its service was not \
                          ready. Only `Ok(true)` means ready.";
                let answer = "a channel, before it was ready";
                case.differ("a channel, once it is ready", answer, advice);
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
            let _late = ready(addr, SERVICE, Duration::from_millis(500)).await;
            asked.load(Ordering::SeqCst)
        });
        let answer = format!("attempts in 0.5 s: {asked}");
        if asked > 12 {
            let advice = "A thousand clients may do the same to a server that starts up. Pause between two \
                          attempts, and longer each time.";
            case.differ("attempts in 0.5 s: at most 12", answer, advice);
        }
        if asked < 3 {
            let advice =
                "With so few attempts a service that is ready early has to wait for its caller.";
            case.differ("attempts in 0.5 s: at least 3", answer, advice);
        }
    });
}

/// Fails unless the outcome is a timeout that came in time.
#[track_caller]
fn expect_timeout(case: &Case, limit: u64, outcome: &Outcome, waited: Duration, advice: &str) {
    let expected = format!("TimedOut after {limit} ms");
    let answer = format!("{} after {} ms", words(outcome), waited.as_millis());
    if !matches!(outcome, Err(NotReady::TimedOut(_))) {
        let advice = "The server has refused nothing. Nothing happened before the timeout.";
        case.differ(&expected, &answer, advice);
    }
    // A wide margin for a busy machine; a timeout for each attempt is later still.
    if waited > Duration::from_millis(limit + 280) {
        case.differ(&expected, &answer, advice);
    }
    if waited < Duration::from_millis(limit / 2) {
        case.differ(expected, answer, GAVE_UP);
    }
}

#[test]
fn d_silence_ends_with_the_timeout() {
    case(
        "The server accepts the connection, and does not answer",
        |case| {
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
                let outcome = ready(addr, SERVICE, Duration::from_millis(300)).await;
                (outcome, since.elapsed())
            });
            let advice =
                "`ready` returned too late: a call that gets no answer does not end by itself.";
            expect_timeout(case, 300, &outcome, waited, advice);
        },
    );
}

#[test]
fn e_one_timeout_for_all_attempts() {
    // A pause that ignores the timeout is at its longest by then.
    case("The service is not ready for longer than 420 ms", |case| {
        let (outcome, waited) = scene(case, async || {
            let listener = free_port().await;
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(serve(listener, TheHealth::default()));
            let since = Instant::now();
            let outcome = ready(addr, SERVICE, Duration::from_millis(420)).await;
            (outcome, since.elapsed())
        });
        let advice =
            "`ready` returned too late: its attempts and pauses went on behind the timeout.";
        expect_timeout(case, 420, &outcome, waited, advice);
    });
    case(
        "The service is not ready for 400 ms, and then its server does not answer",
        |case| {
            let (outcome, waited) = scene(case, async || {
                let since = Instant::now();
                let health = TheHealth {
                    silent_from: Some(since + Duration::from_millis(400)),
                    ..TheHealth::default()
                };
                let listener = free_port().await;
                let addr = listener.local_addr().expect("an address");
                tokio::spawn(serve(listener, health));
                let outcome = ready(addr, SERVICE, Duration::from_millis(600)).await;
                (outcome, since.elapsed())
            });
            let advice = "`ready` returned too late: the timeout began again with an attempt. It covers all \
                      attempts together, so compute one deadline before the first.";
            expect_timeout(case, 600, &outcome, waited, advice);
        },
    );
}

#[test]
fn f_some_answers_do_not_change() {
    for code in [Code::Unimplemented, Code::Unauthenticated, Code::NotFound] {
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
            let expected = format!("Failed({code:?})");
            if words(&outcome) != expected || asked > 1 {
                let advice = match asked {
                    2.. => {
                        "The server is up, and this answer does not change by waiting: its operators have to change \
                         something. Report it at once."
                    }
                    _ => "Return the status that the server sent, as `Failed`.",
                };
                let answer = format!("{}, attempts: {asked}", words(&outcome));
                case.differ(format!("{expected}, attempts: 1"), answer, advice);
            }
        });
    }
}
