//! The check of `deadline`. Its sources work in small steps, and count those that are still at work.

mod exercise;
mod given;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use exercise::{Profiles, Source};
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
    /// The tasks on which sources were asked.
    tasks: Mutex<HashSet<Option<tokio::task::Id>>>,
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
        let task = tokio::task::try_id();
        self.seen.tasks.lock().expect("no panic here").insert(task);
        let _working = Working(Arc::clone(&self.seen));
        for _ in 0..self.steps {
            sleep(STEP).await;
            self.seen.steps.fetch_add(1, Ordering::SeqCst);
        }
        let answer = self.answer.map(str::to_string);
        answer.map_err(|code| Status::new(code, "the source failed"))
    }
}

type Answer = Result<String, Status>;

/// A server with these sources; `body` gets a client that is connected.
fn served<T: Send + 'static>(
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
    let profiles = Profiles::new(sources.iter().map(slow).collect());
    let advice = "The call has not ended, although every source was done or the caller had left.";
    case.run_within(PATIENCE * 4, "say_hello", advice, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let value = runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let server = Server::builder().add_service(GreeterServer::new(profiles));
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            let channel = endpoint.connect().await.expect("our own port");
            body(GreeterClient::new(channel), seen).await
        });
        runtime.shutdown_background();
        value
    })
}

async fn greet(mut client: GreeterClient<Channel>, time: Option<Duration>) -> Answer {
    let name = "Ada".to_string();
    let mut request = Request::new(HelloRequest { name });
    if let Some(time) = time {
        request.set_timeout(time);
    }
    let reply = client.say_hello(request).await;
    reply.map(|reply| reply.into_inner().message)
}

/// Waits until no source is at work any more, or gives up: how many still are, and the steps they made
/// meanwhile.
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
fn expect_rest(case: &Case, (working, steps): (usize, usize), ended: &str, advice: &str) {
    if working > 0 {
        let answer =
            format!("{ended}; sources still at work: {working}, steps since then: {steps}");
        case.differ("no source at work after the call", answer, advice);
    }
}

const DROPPED: &str = "A deadline drops the future of your method, and with it everything that is part of \
                       it. A spawned task is not part of it: dropping its `JoinHandle` lets it run on. \
                       Keep the tasks in a value that aborts them when it is dropped.";

// The belief of this exercise. The caller has its status, the connection is quiet, and the work goes on.
#[test]
fn a_the_work_ends_with_the_deadline() {
    case("Three sources at work, a deadline of 100 ms", |case| {
        let sources = [(ENDLESS, Ok("slow")); 3];
        let left = served(case, &sources, async |client, seen| {
            let _late = greet(client, Some(Duration::from_millis(100))).await;
            still_at_work(&seen).await
        });
        expect_rest(case, left, "the deadline expired after 100 ms", DROPPED);
    });
}

// Most callers that leave have not sent a deadline: a page was closed, a process ended.
#[test]
fn b_the_work_ends_when_the_caller_cancels() {
    case("No deadline; the caller cancels after 50 ms", |case| {
        let sources = [(ENDLESS, Ok("slow")); 2];
        let left = served(case, &sources, async |client, seen| {
            let call = greet(client, None);
            let _ = timeout(Duration::from_millis(50), call).await;
            still_at_work(&seen).await
        });
        let advice = "No deadline has expired here, and no caller waits all the same: the server has \
                      dropped your method's future. Do not measure the time yourself; tie the tasks to \
                      the future.";
        expect_rest(case, left, "the caller has cancelled", advice);
    });
}

#[test]
fn c_all_are_asked_at_the_same_time() {
    case("Five sources of 40 ms", |case| {
        let sources = [(4, Ok("known")); 5];
        let (answer, most, tasks) = served(case, &sources, async |client, seen| {
            let answer = greet(client, None).await;
            let tasks = seen.tasks.lock().expect("no panic here").len();
            (answer, seen.most.load(Ordering::SeqCst), tasks)
        });
        if answer.is_err() {
            case.differ("a reply", words(&answer), "No source has failed.");
        }
        if most < 5 {
            let advice = match most {
                0 => {
                    "The reply came, and no source had begun to work: a reply needs the facts of all of them."
                }
                1 => {
                    "One after the other they take the sum of their times, and the caller's deadline does not grow \
                     with the number of sources."
                }
                _ => {
                    "Some sources were asked only when others had answered. Ask all of them at the same time."
                }
            };
            let answer = format!("sources at work at the same time: {most}");
            case.differ("sources at work at the same time: 5", answer, advice);
        }
        if tasks < 5 {
            let advice = "They take turns on one task, and one task uses one core at a time. Spawn a task \
                          for each source.";
            let answer = format!("tasks: {tasks}, for 5 sources");
            case.differ("tasks: 5, for 5 sources", answer, advice);
        }
    });
}

#[test]
fn d_facts_keep_the_order_of_the_sources() {
    case("The first source is the slowest", |case| {
        let sources = [(12, Ok("admin")), (6, Ok("since 2019")), (0, Ok("in Oslo"))];
        let answer = served(case, &sources, async |client, _| greet(client, None).await);
        let expected = "hello Ada: admin, since 2019, in Oslo";
        let advice = match &answer {
            Ok(reply)
                if !["admin", "since 2019", "in Oslo"]
                    .iter()
                    .all(|fact| reply.contains(fact)) =>
            {
                "Every source has answered. The reply has the facts of all of them."
            }
            Ok(_) => {
                "The sources are asked at the same time and answer in any order. The reply has the order \
                 of the sources: let each fact carry its place."
            }
            Err(_) => "No source has failed.",
        };
        if answer.as_ref().ok().map(String::as_str) != Some(expected) {
            case.differ(format!("{expected:?}"), words(&answer), advice);
        }
    });
}

// The first failure decides the call; the other sources work for no caller.
#[test]
fn e_a_failure_ends_the_others() {
    case(
        "The second of two sources fails, the first one answers",
        |case| {
            let sources = [(4, Ok("known")), (2, Err(Code::NotFound))];
            let answer = served(case, &sources, async |client, _| greet(client, None).await);
            if answer.as_ref().map_err(Status::code) != Err(Code::NotFound) {
                let advice = "The status of the source is the status of the call: without its fact there is no reply.";
                case.differ("NotFound", words(&answer), advice);
            }
        },
    );
    case(
        "The first source searches for long, the second fails",
        |case| {
            let sources = [(ENDLESS, Ok("slow")), (2, Err(Code::NotFound))];
            let (answer, left) = served(case, &sources, async |client, seen| {
                let answer = timeout(PATIENCE, greet(client, None)).await;
                let left = match answer {
                    Ok(_) => still_at_work(&seen).await,
                    Err(_) => (0, 0),
                };
                (answer, left)
            });
            let Ok(answer) = answer else {
                let advice = "The second source failed after 20 ms, and your method still waits for the first \
                          one: take the results as they come.";
                let waited = format!("no answer for {}", PATIENCE.view());
                case.differ("NotFound, at once", waited, advice)
            };
            if answer.as_ref().map_err(Status::code) != Err(Code::NotFound) {
                let advice = "The status of the source is the status of the call.";
                case.differ("NotFound", words(&answer), advice);
            }
            let advice = "The call has failed, and the other source works for no caller. The early return \
                      must end it as well.";
            expect_rest(case, left, "the call has failed", advice);
        },
    );
}
