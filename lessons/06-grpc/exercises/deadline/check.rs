//! The check of `deadline`. Its sources work in small steps, and it can see who still does.

mod exercise;
mod given;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exercise::{Source, Welcome};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use testkit::{Case, PATIENCE, View, case};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Status};

/// A step of the work. Between two steps a task can be stopped.
const STEP: Duration = Duration::from_millis(10);
/// So many steps that no check waits for the last one.
const ENDLESS: usize = 1000;

/// What all sources of a check have done together.
#[derive(Default)]
struct Seen {
    working: AtomicUsize,
    most: AtomicUsize,
    steps: AtomicUsize,
}

/// A source that takes its time, and then has its answer ready.
struct Slow {
    steps: usize,
    answer: Result<&'static str, Code>,
    seen: Arc<Seen>,
}

/// Counts back when the work ends, however it ends.
struct Working(Arc<Seen>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl Source for Slow {
    async fn ask(&self, _name: &str) -> Result<String, Status> {
        let now = self.seen.working.fetch_add(1, Ordering::SeqCst) + 1;
        self.seen.most.fetch_max(now, Ordering::SeqCst);
        let _working = Working(Arc::clone(&self.seen));
        for _ in 0..self.steps {
            sleep(STEP).await;
            self.seen.steps.fetch_add(1, Ordering::SeqCst);
        }
        let answer = self.answer.map(str::to_string);
        answer.map_err(|code| Status::new(code, "the source says no"))
    }
}

type Answer = Result<String, Status>;

/// A house with these sources, and a guest who has dialled; `body` is the guest.
fn house<T: Send + 'static>(
    case: &Case,
    sources: &[(usize, Result<&'static str, Code>)],
    body: impl AsyncFnOnce(GreeterClient<Channel>, Arc<Seen>) -> T + Send + 'static,
) -> T {
    let seen = Arc::new(Seen::default());
    let slow = |&(steps, answer): &(usize, Result<&'static str, Code>)| {
        let seen = Arc::clone(&seen);
        Arc::new(Slow {
            steps,
            answer,
            seen,
        }) as Arc<dyn Source>
    };
    let welcome = Welcome::new(sources.iter().map(slow).collect());
    let advice = "The guest has waited far too long.";
    case.run_within(PATIENCE * 4, "say_hello", advice, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let value = runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let server = Server::builder().add_service(GreeterServer::new(welcome));
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            let channel = endpoint.connect().await.expect("our own port");
            body(GreeterClient::new(channel), seen).await
        });
        runtime.shutdown_background();
        value
    })
}

async fn greet(mut guest: GreeterClient<Channel>, time: Option<Duration>) -> Answer {
    let name = "Ada".to_string();
    let mut request = Request::new(HelloRequest { name });
    if let Some(time) = time {
        request.set_timeout(time);
    }
    let reply = guest.say_hello(request).await;
    reply.map(|reply| reply.into_inner().message)
}

/// Waits until nobody works any more, or gives up: how many then still do, and the steps they made
/// since.
async fn still_at_work(seen: &Seen) -> (usize, usize) {
    let (since, before) = (Instant::now(), seen.steps.load(Ordering::SeqCst));
    loop {
        let working = seen.working.load(Ordering::SeqCst);
        if working == 0 || since.elapsed() > PATIENCE / 2 {
            return (working, seen.steps.load(Ordering::SeqCst) - before);
        }
        sleep(STEP / 2).await;
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Ok(message) => format!("{message:?}"),
        Err(status) => format!("{:?}, {:?}", status.code(), status.message()),
    }
}

#[track_caller]
fn expect_rest(case: &Case, (working, steps): (usize, usize), who: &str, advice: &str) {
    if working > 0 {
        let ran = if working == 1 {
            "your spawned task ran on"
        } else {
            "your spawned tasks ran on"
        };
        let answer = format!("{who}; {ran}: {working} at work, {steps} more steps");
        case.differ("nobody works any more", answer, advice);
    }
}

const DROPPED: &str = "A deadline drops the future of your method, and with it everything that is \
                       part of it. A spawned task is not: dropping its `JoinHandle` lets it run \
                       on. Keep the tasks in something whose end ends them.";

// The belief of this exercise. The caller has its status, the connection is quiet, and the machine is
// still warm.
#[test]
fn a_the_work_ends_with_the_deadline() {
    case("Three sources at work, a deadline of 100 ms", |case| {
        let sources = [(ENDLESS, Ok("slow")); 3];
        let left = house(case, &sources, async |guest, seen| {
            let _late = greet(guest, Some(Duration::from_millis(100))).await;
            still_at_work(&seen).await
        });
        expect_rest(case, left, "the caller left at 100 ms", DROPPED);
    });
}

// Most callers who leave have not sent a deadline: somebody has closed a window.
#[test]
fn b_the_work_ends_when_the_caller_hangs_up() {
    case("No deadline; the caller hangs up after 50 ms", |case| {
        let sources = [(ENDLESS, Ok("slow")); 2];
        let left = house(case, &sources, async |guest, seen| {
            let call = greet(guest, None);
            let _ = timeout(Duration::from_millis(50), call).await;
            still_at_work(&seen).await
        });
        let advice = "No clock has rung here, and nobody waits all the same: the server has dropped \
                      your method's future. Do not watch the time yourself; tie the tasks to the \
                      future.";
        expect_rest(case, left, "the caller has hung up", advice);
    });
}

#[test]
fn c_all_are_asked_at_the_same_time() {
    case("Five sources of 40 ms", |case| {
        let sources = [(4, Ok("known")); 5];
        let (answer, most) = house(case, &sources, async |guest, seen| {
            let answer = greet(guest, None).await;
            (answer, seen.most.load(Ordering::SeqCst))
        });
        let advice = "One after the other they take the sum of their times, and the caller's \
                      deadline does not grow with the number of sources.";
        if most < 5 {
            case.differ(
                "5 sources at work",
                format!("at most {most} at once"),
                advice,
            );
        }
        if answer.is_err() {
            case.differ("a greeting", words(&answer), "Nobody has said no.");
        }
    });
}

#[test]
fn d_answers_keep_their_places() {
    case("The first source is the slowest", |case| {
        let sources = [
            (12, Ok("table 7")),
            (6, Ok("vegetarian")),
            (0, Ok("a regular")),
        ];
        let answer = house(case, &sources, async |guest, _| greet(guest, None).await);
        let expected = "hello Ada: table 7, vegetarian, a regular";
        let advice = "They are asked at the same time and answer in any order. The greeting has the \
                      order of the sources: let each answer carry its place.";
        match answer {
            Ok(message) => case.expect_eq(expected, &message, advice),
            answer => case.differ(expected.view(), words(&answer), "Nobody has said no."),
        }
    });
}

// The first no decides the call. Whoever works on works for nobody.
#[test]
fn e_a_no_ends_the_others() {
    case(
        "The first source searches for long, the second says no",
        |case| {
            let sources = [(ENDLESS, Ok("slow")), (2, Err(Code::NotFound))];
            let (answer, left) = house(case, &sources, async |guest, seen| {
                let answer = timeout(PATIENCE, greet(guest, None)).await;
                let left = match answer {
                    Ok(_) => still_at_work(&seen).await,
                    Err(_) => (0, 0),
                };
                (answer, left)
            });
            let Ok(answer) = answer else {
                let advice = "The second source said no after 20 ms, and you wait for the first one: take \
                          the answers as they come.";
                let waited = format!("nothing for {}", PATIENCE.view());
                case.differ("NotFound, at once", waited, advice)
            };
            if answer.as_ref().map_err(Status::code) != Err(Code::NotFound) {
                let advice = "The status of the source is the status of the call.";
                case.differ("NotFound", words(&answer), advice);
            }
            let advice = "The call has its answer, and the other source searches on for nobody.";
            expect_rest(case, left, "the call has failed", advice);
        },
    );
}
