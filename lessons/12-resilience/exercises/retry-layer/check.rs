//! The check of `retry-layer`: a tonic channel with the learner's layer, and real servers in this process. The layer's
//! clock is driven: a pause takes no time, and a server says how long it has worked.

mod exercise;
mod given;
mod world {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/exercises/retry-layer/world.rs"
    ));
}

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use exercise::{Policy, RetryLayer};
use testkit::{Case, View, case};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tower::Layer;

use world::Fate::{self, Answer, LoseReply, Refuse, Silence};
use world::pb::arith_client::ArithClient;
use world::pb::{MulRequest, RememberRequest};
use world::{Seen, UNAVAILABLE, World, serve};

/// How long one call may take by the system's clock; it takes milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

/// Pauses that matter to no test.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(4));

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// A call that the check makes: 25 * 4, which is idempotent, or 5 added to the memory, which is not.
#[derive(Clone, Copy, Debug)]
enum Method {
    Mul,
    Remember,
}

use Method::{Mul, Remember};

/// What a situation is: the server, the policy, and the caller's timeout.
struct Setup {
    fates: &'static [Fate],
    /// The connection is refused until so many pauses are over.
    refuses: usize,
    /// So many connections break after the request was sent.
    breaks: usize,
    works: Duration,
    shares: &'static [f64],
    attempts: u32,
    pauses: (Duration, Duration),
    timeout: Duration,
}

impl Setup {
    fn new(fates: &'static [Fate]) -> Self {
        Setup {
            fates,
            refuses: 0,
            breaks: 0,
            works: Duration::ZERO,
            shares: &[0.5],
            attempts: 4,
            pauses: PAUSES,
            timeout: Duration::from_secs(3),
        }
    }

    /// Makes one call through the learner's layer.
    fn call<'c>(&self, case: &'c Case, method: Method) -> Outcome<'c> {
        self.calls(case, method, 1)
    }

    /// Makes some calls, one after the other, and tells about the last one. The pauses are those of all.
    fn calls<'c>(&self, case: &'c Case, method: Method, count: usize) -> Outcome<'c> {
        let made = RUNTIME.block_on(async { timeout(LIMIT, self.run(case, method, count)).await });
        let advice = "What does it wait for? A pause is over at once here, because the check drives the clock.";
        made.unwrap_or_else(|_| {
            let happened = format!("no result for {} by the system's clock", LIMIT.view());
            case.differ("the call ends within milliseconds", happened, advice)
        })
    }

    async fn run<'c>(&self, case: &'c Case, method: Method, count: usize) -> Outcome<'c> {
        let world = World::default();
        {
            let mut state = world.state();
            state.fates = self.fates.iter().copied().collect();
            state.shares = self.shares.iter().copied().collect();
            state.refuses = self.refuses;
            state.works = self.works;
        }
        let (addr, task) = serve(world.clone(), self.breaks).await;
        let channel = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
        let (first_pause, longest_pause) = self.pauses;
        let layer = RetryLayer {
            policy: Policy {
                attempts: self.attempts,
                first_pause,
                longest_pause,
            },
            clock: Arc::new(world.clone()),
            idempotent: vec!["/arith.v1.Arith/Mul", "/arith.v1.Arith/Div"],
        };
        let mut client = ArithClient::new(layer.layer(channel.connect_lazy()));
        let mut result = Ok(0);
        for _ in 0..count {
            result = match method {
                Mul => {
                    let reply = client.mul(timed(MulRequest { a: 25, b: 4 }, self.timeout));
                    reply.await.map(|reply| reply.into_inner().product)
                }
                Remember => {
                    let reply = client.remember(timed(RememberRequest { n: 5 }, self.timeout));
                    reply.await.map(|reply| reply.into_inner().memory)
                }
            };
        }
        task.abort();
        let state = world.state();
        Outcome {
            case,
            method,
            result,
            seen: state.seen.clone(),
            broken: state.broken,
            pauses: state.pauses.clone(),
            memory: state.memory,
            now: state.now,
        }
    }
}

fn timed<M>(message: M, timeout: Duration) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// What has come of a call.
struct Outcome<'c> {
    case: &'c Case,
    method: Method,
    result: Result<i64, Status>,
    seen: Vec<Seen>,
    broken: usize,
    pauses: Vec<Duration>,
    memory: i64,
    now: Duration,
}

/// `1 attempt`, `2 attempts`.
fn some(count: usize, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

impl Outcome<'_> {
    fn result(&self) -> String {
        match &self.result {
            Ok(value) => format!("Ok: {value}"),
            Err(status) => format!("{:?}: {}", status.code(), status.message()),
        }
    }

    /// How many attempts have reached the server.
    fn reached(&self) -> usize {
        self.seen.len() + self.broken
    }

    fn attempts(&self) -> String {
        let attempts = some(self.reached(), "attempt");
        format!("the server got {attempts} of {:?}", self.method)
    }

    /// Fails unless so many attempts have reached the server.
    #[track_caller]
    fn expect_attempts(&self, wanted: usize, advice: &str) {
        if self.reached() != wanted {
            self.differ(some(wanted, "attempt"), self.attempts(), advice);
        }
    }

    #[track_caller]
    fn expect_ok(&self, value: i64, advice: &str) {
        if !matches!(self.result, Ok(result) if result == value) {
            self.differ(format!("Ok: {value}"), self.result(), advice);
        }
    }

    #[track_caller]
    fn expect_code(&self, code: Code, advice: &str) {
        if !matches!(&self.result, Err(status) if status.code() == code) {
            self.differ(format!("{code:?}"), self.result(), advice);
        }
    }

    /// Tells what has happened: the result, the attempts and the pauses.
    #[track_caller]
    fn differ(&self, expected: impl Into<String>, happened: impl Into<String>, advice: &str) -> ! {
        let happened = happened.into();
        let result = (happened != self.result()).then(|| self.result());
        let mut report = self.case.report().detail("expected", expected);
        report = report.detail("your answer", happened);
        if let Some(result) = result {
            report = report.detail("the result", result);
        }
        if !self.pauses.is_empty() {
            let pauses = self.pauses.iter().take(8).map(|pause| pause.view());
            report = report.detail("pauses", pauses.collect::<Vec<_>>().join(", "));
        }
        self.case.fail(report.advice(advice));
    }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_an_answer_at_once() {
    case("Mul; the server answers", |case| {
        let outcome = Setup::new(&[Answer]).call(case, Mul);
        outcome.expect_ok(
            100,
            "The first attempt is answered: its reply is the result.",
        );
        let advice = "The first attempt was answered. A retry is for an attempt that has failed.";
        outcome.expect_attempts(1, advice);
        if !outcome.pauses.is_empty() {
            let advice = "A pause comes before a retry, and only there.";
            outcome.differ("no pause", "a pause", advice);
        }
    });
}

#[test]
fn b_unavailable_for_a_moment() {
    let situation = "Mul; the server is UNAVAILABLE twice, then it answers";
    case(situation, |case| {
        let outcome = Setup::new(&[UNAVAILABLE, UNAVAILABLE, Answer]).call(case, Mul);
        let advice = "Mul is idempotent, and four attempts are allowed. The third one is answered.";
        outcome.expect_ok(100, advice);
        outcome.expect_attempts(3, advice);
    });
}

// The belief of this exercise. UNAVAILABLE does not say that nothing has happened.
#[test]
fn c_the_reply_is_lost() {
    let situation = "Remember adds 5; the server has added them, and its reply is lost";
    case(situation, |case| {
        let outcome = Setup::new(&[LoseReply, Answer]).call(case, Remember);
        if outcome.memory != 5 {
            let happened = format!("the memory is {}: {}", outcome.memory, outcome.attempts());
            let advice = "The first attempt had run when its reply was lost. Remember is not idempotent: running twice \
                          adds twice. UNAVAILABLE says that no reply came, and not that the call did not run.";
            outcome.differ("the memory is 5", happened, advice);
        }
        let advice = "The caller gets the status, and can look whether the call has run.";
        outcome.expect_code(Code::Unavailable, advice);
    });
    case("Mul; its first reply is lost", |case| {
        let outcome = Setup::new(&[LoseReply, Answer]).call(case, Mul);
        let advice = "Mul may have run. It is idempotent, so it may run again.";
        outcome.expect_ok(100, advice);
    });
}

#[test]
fn d_the_connection_breaks() {
    let setup = Setup {
        breaks: 1,
        ..Setup::new(&[Answer])
    };
    let situation = "Remember; the connection breaks after the request";
    case(situation, |case| {
        let outcome = setup.call(case, Remember);
        let advice = "The request was under way when the connection broke, so it may have run. Remember is not \
                      idempotent.";
        outcome.expect_attempts(1, advice);
    });
    case("Mul; the connection breaks after the request", |case| {
        let advice = "The connection broke, the server listens again, and Mul is idempotent.";
        setup.call(case, Mul).expect_ok(100, advice);
    });
}

#[test]
fn e_the_connection_is_refused() {
    let setup = Setup {
        refuses: 2,
        ..Setup::new(&[Answer])
    };
    let situation = "Remember; two connections are refused, then the server listens";
    case(situation, |case| {
        let outcome = setup.call(case, Remember);
        // Does it retry at all, and without a pause?
        let probe = Setup::new(&[UNAVAILABLE, Answer]).call(case, Mul);
        let seen = (outcome.pauses.len(), probe.pauses.len(), probe.reached());
        let advice = match seen {
            (0, 0, 2..) => {
                "Without a pause all attempts are over within a millisecond. A server that restarts needs longer."
            }
            (0, ..) => {
                "The connection was refused, so the request was never sent and cannot have run. Such a call is \
                 retried after a pause, whatever its method is."
            }
            _ => "The server listens after the second pause, and the third attempt reaches it.",
        };
        outcome.expect_ok(5, advice);
        outcome.expect_attempts(
            1,
            "Two attempts were refused, and the third one was answered.",
        );
    });
}

// An answer is not a failure of the server.
#[test]
fn f_other_codes() {
    for fates in [
        &[Refuse(Code::InvalidArgument), Answer],
        &[Refuse(Code::ResourceExhausted), Answer],
        &[Refuse(Code::Internal), Answer],
        &[Refuse(Code::DeadlineExceeded), Answer],
        &[Refuse(Code::Cancelled), Answer],
        &[Refuse(Code::Aborted), Answer],
        &[Refuse(Code::Unknown), Answer],
    ] {
        let [Refuse(code), ..] = fates[..] else {
            continue;
        };
        case(&format!("Mul; the server answers {code:?}"), |case| {
            let outcome = Setup::new(fates).call(case, Mul);
            let advice = "The server has answered, with an error. Only UNAVAILABLE is retried: this code does not say \
                          that another attempt can help.";
            outcome.expect_attempts(1, advice);
            outcome.expect_code(code, "The status of the server is the result.");
        });
    }
}

#[test]
fn g_the_limit() {
    for attempts in [4, 2, 1] {
        let situation =
            format!("Mul; the server stays UNAVAILABLE; {attempts} attempts are allowed");
        let setup = Setup {
            attempts,
            ..Setup::new(&[UNAVAILABLE])
        };
        case(&situation, |case| {
            let outcome = setup.call(case, Mul);
            let advice = match outcome.reached() == attempts as usize + 1 {
                true => "`policy.attempts` counts all attempts, the first one included.",
                false => {
                    "`policy.attempts` says how many attempts a call has, if each of them may be repeated."
                }
            };
            outcome.expect_attempts(attempts as usize, advice);
            let last = format!("Unavailable: refused, attempt {attempts}");
            if outcome.result() != last {
                let advice = "The status of the last attempt is the newest one: it is the result.";
                outcome.differ(last, outcome.result(), advice);
            }
            if outcome.pauses.len() >= attempts as usize {
                let happened = some(outcome.pauses.len(), "pause");
                let advice = "A pause stands before a retry. After the last attempt there is none.";
                outcome.differ(some(attempts as usize - 1, "pause"), happened, advice);
            }
        });
    }
}

// Many callers have lost the same server at the same moment.
#[test]
fn h_the_pauses() {
    const LIMITS: [u64; 6] = [100, 200, 400, 800, 1500, 1500];
    let setup = Setup {
        attempts: 7,
        pauses: (millis(100), millis(1500)),
        shares: &[
            0.93, 0.07, 0.41, 0.98, 0.64, 0.22, 0.81, 0.53, 0.9, 0.35, 0.76,
        ],
        timeout: Duration::from_secs(60),
        ..Setup::new(&[UNAVAILABLE])
    };
    let situation = "The pauses of 20 calls; the limits are 100 ms, doubled, and 1.5 s at most";
    case(situation, |case| {
        let outcome = setup.calls(case, Mul, 20);
        if outcome.pauses.is_empty() {
            let advice =
                "All attempts are over within a millisecond. A server that restarts needs longer.";
            outcome.differ("a pause before each retry", "no pause", advice);
        }
        if outcome.pauses.len() != LIMITS.len() * 20 {
            let happened = format!("{} in 20 calls", some(outcome.pauses.len(), "pause"));
            outcome.differ(
                "120 pauses in 20 calls",
                happened,
                "Seven attempts have six pauses between them.",
            );
        }
        for (place, limit) in LIMITS.into_iter().map(millis).enumerate() {
            let of_place = || outcome.pauses.iter().skip(place).step_by(LIMITS.len());
            let longest = of_place().max().copied().unwrap_or_default();
            let wanted = format!("pause {} is random, 0 to {}", place + 1, limit.view());
            let advice = match longest {
                _ if longest > limit && limit < setup.pauses.1 => {
                    "The limit is `first_pause` for the first pause, and doubles each time."
                }
                _ if longest > limit => {
                    "The limit has doubled beyond `longest_pause`. A server that is back is found late then."
                }
                _ if longest < limit.mul_f64(0.6) && (place == 0 || longest > setup.pauses.0) => {
                    "The pause is random, up to its limit, and the limit of this one is larger."
                }
                _ if longest < limit.mul_f64(0.6) => {
                    "The limit doubles with each pause: a server that does not come back gets fewer and fewer attempts."
                }
                _ if of_place().all(|pause| *pause == longest) => {
                    "Callers that lost the same server at the same moment all come back at the same moment. \
                     `clock.jitter(limit)` spreads them."
                }
                _ => continue,
            };
            let happened = format!("in 20 calls it took {} at most", longest.view());
            outcome.differ(wanted, happened, advice);
        }
    });
}

#[test]
fn i_the_deadline_is_for_all_attempts() {
    let setup = Setup {
        attempts: 10,
        works: millis(300),
        timeout: millis(1000),
        ..Setup::new(&[UNAVAILABLE])
    };
    let situation = "Mul within 1 s; the server works 300 ms on each attempt, and is UNAVAILABLE";
    case(situation, |case| {
        let outcome = setup.call(case, Mul);
        for (seen, number) in outcome.seen.iter().zip(1..) {
            let left = setup.timeout.saturating_sub(seen.at);
            if left.is_zero() {
                let happened = format!("attempt {number} began after {}", seen.at.view());
                let advice = "The caller's time is over: it has left, and no reply can reach it.";
                outcome.differ("no attempt after 1 s", happened, advice);
            }
            let sent = seen.timeout.unwrap_or(Duration::MAX);
            if sent.abs_diff(left) > millis(1) {
                let words = seen
                    .timeout
                    .map_or("none".to_string(), |timeout| timeout.view());
                let happened = format!(
                    "`grpc-timeout` of attempt {number}: {words}; left: {}",
                    left.view()
                );
                let advice = match sent > left {
                    true => {
                        "The timeout of the caller is for the whole call. Each attempt gets what is left of it; a \
                         server with more would work on after the caller has left."
                    }
                    false => {
                        "The attempt ends before the caller's time is over, and an answer could still come."
                    }
                };
                outcome.differ("each attempt has what is left of 1 s", happened, advice);
            }
        }
        let advice = "There was time for four attempts: they begin after 0, 0.3, 0.6 and 0.9 s.";
        outcome.expect_attempts(4, advice);
        let advice = "The status of the last attempt is the result.";
        outcome.expect_code(Code::Unavailable, advice);
    });
}

#[test]
fn j_a_pause_beyond_the_deadline() {
    let setup = |works, pause, shares| Setup {
        works: millis(works),
        shares,
        pauses: (millis(pause), millis(pause)),
        timeout: millis(1000),
        ..Setup::new(&[UNAVAILABLE])
    };
    let long: [(u64, u64, &[f64]); 3] = [
        (900, 100, &[1.0]),
        (950, 100, &[1.0]),
        (400, 1000, &[0.98, 0.02]),
    ];
    for (works, pause, shares) in long {
        let situation = format!("Mul within 1 s; the server is UNAVAILABLE after {works} ms");
        case(&situation, |case| {
            let outcome = setup(works, pause, shares).call(case, Mul);
            if outcome.now > millis(works) {
                let happened = format!("the result came after {}", outcome.now.view());
                let left = millis(1000 - works).view();
                let advice = match outcome.pauses.last() {
                    Some(pause) if *pause < millis(1000 - works) => {
                        "`clock.jitter` gave a pause that does not fit into the time that is left: the call has failed."
                            .to_string()
                    }
                    _ => format!(
                        "The pause took all of the {left} that were left, so no time was left for an attempt. The \
                         caller can have its status at once."
                    ),
                };
                let wanted = format!("the result after {}", millis(works).view());
                outcome.differ(wanted, happened, &advice);
            }
            outcome.expect_attempts(1, "There was time for one attempt.");
        });
    }
    let situation = "Mul within 1 s; the server is UNAVAILABLE after 850 ms; the pause is 100 ms";
    case(situation, |case| {
        let outcome = setup(850, 100, &[1.0]).call(case, Mul);
        let advice = "After the pause 50 ms were left. The server might have answered.";
        outcome.expect_attempts(2, advice);
    });
}

#[test]
fn k_a_silent_server() {
    let setup = Setup {
        timeout: millis(100),
        ..Setup::new(&[Silence])
    };
    case("Mul within 100 ms; the server never answers", |case| {
        let outcome = setup.call(case, Mul);
        let advice =
            "The caller's time was over during the first attempt. DEADLINE_EXCEEDED is the result.";
        outcome.expect_code(Code::DeadlineExceeded, advice);
        outcome.expect_attempts(1, advice);
    });
}
