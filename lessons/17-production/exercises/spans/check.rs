//! The check of `spans`: the answer in a process of its own runtime with one thread, the real SDK and exporter, and the
//! lesson's receiver, on a runtime of the check.

mod exercise;
mod given;

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver as Progress, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use exercise::{draw_all, end, provider};
use given::DRAWING;
use l17_production::seeing::context::extract;
use l17_production::seeing::receiver::{Limits, Receiver};
use l17_production::seeing::telemetry::{exporter, layer};
use l17_production::seeing::trace::Trace;
use services::testkit::{Case, View, case};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tracing::{Instrument, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// How long a request may take here; it takes some 30 ms.
const REQUEST: Duration = Duration::from_secs(4);
/// How long `end` may take; it takes milliseconds, and 5 s if it waits for a thread that it blocks itself.
const END: Duration = Duration::from_secs(4);
/// How long `end` may take if no receiver is there: the exporter tries again for a while.
const REFUSED: Duration = Duration::from_secs(9);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What is at the receiver's address.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// A receiver.
    Receiver,
    /// A program that accepts connections and never answers.
    Silence,
    /// No program.
    Nothing,
}

/// What the process does.
struct Plan {
    at: At,
    share: f64,
    /// The flags of the caller's `traceparent`; `None`: the trace begins here.
    caller: Option<&'static str>,
    requests: usize,
    pictures: u32,
}

const PLAN: Plan = Plan {
    at: At::Receiver,
    share: 1.0,
    caller: None,
    requests: 1,
    pictures: 3,
};

/// How far the process is.
enum Step {
    /// And how many pictures were drawn at the same time so far.
    Answered(usize),
    Ended(Result<(), String>),
    /// The check itself has flushed; an error says that the provider was shut down.
    Flushed(bool),
}

/// What was seen.
struct Seen {
    /// The longest time of all requests.
    request: Duration,
    ended: Result<(), String>,
    end: Duration,
    /// What had arrived when `end` returned.
    traces: Vec<Trace>,
    /// And after the check has flushed itself.
    later: Vec<Trace>,
    /// Whether `end` has shut the provider down.
    shut_down: bool,
    /// So many pictures were drawn at the same time.
    at_once: usize,
}

/// Runs a plan, and fails if it stands still.
fn play(case: &Case, plan: Plan) -> Seen {
    let receiver = Receiver::new(Limits::default());
    let (addr, _listener) = RUNTIME.block_on(address(&receiver, plan.at));
    let (told, steps) = channel();
    let (at, requests) = (plan.at, plan.requests);
    // Detached: an answer that blocks its thread never ends.
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(process(plan, addr, told));
    });
    let (mut request, mut at_once) = (Duration::ZERO, 0);
    for _ in 0..requests {
        let (step, took) = step(case, &steps, REQUEST, "the request ends", SLOW);
        request = request.max(took);
        if let Step::Answered(pictures) = step {
            at_once = pictures;
        }
    }
    let traces = || -> Vec<Trace> {
        let ids = receiver.ids().into_iter();
        ids.map(|id| receiver.trace(id)).collect()
    };
    let mut seen = Seen {
        request,
        ended: Ok(()),
        end: Duration::ZERO,
        traces: Vec::new(),
        later: Vec::new(),
        shut_down: false,
        at_once,
    };
    if at == At::Silence {
        return seen;
    }
    let limit = if at == At::Nothing { REFUSED } else { END };
    let what = "`end` returns";
    if let (Step::Ended(ended), took) = step(case, &steps, limit, what, BLOCKS) {
        (seen.ended, seen.end) = (ended, took);
    }
    seen.traces = traces();
    if at == At::Receiver {
        let what = "the spans are sent";
        if let (Step::Flushed(ok), _) = step(case, &steps, REFUSED, what, BLOCKS) {
            seen.shut_down = !ok;
        }
        seen.later = traces();
    }
    seen
}

async fn address(receiver: &Receiver, at: At) -> (SocketAddr, Option<TcpListener>) {
    if at == At::Receiver {
        return (receiver.serve().await.expect("a free port"), None);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("its address");
    (addr, (at == At::Silence).then_some(listener))
}

/// The next step, and how long it took.
#[track_caller]
fn step(
    case: &Case,
    steps: &Progress<Step>,
    limit: Duration,
    what: &str,
    advice: &str,
) -> (Step, Duration) {
    let since = Instant::now();
    match steps.recv_timeout(limit) {
        Ok(step) => (step, since.elapsed()),
        Err(RecvTimeoutError::Timeout) => {
            let waited = format!("nothing within {}", limit.view());
            case.differ(what, waited, advice)
        }
        Err(RecvTimeoutError::Disconnected) => case.differ(
            what,
            "the thread of the process has ended",
            "Has the answer panicked?",
        ),
    }
}

const SLOW: &str = "The request waits for its spans to be sent. Spans that have ended belong into a batch, which a thread of the \
                    SDK sends; `with_simple_exporter` sends each span on the thread that ends it.";
const BLOCKS: &str = "The runtime has one thread. `shutdown` and `force_flush` block the thread that calls them until the batch \
                      is sent, and the connection of the exporter needs the thread of the runtime. `spawn_blocking` runs such a \
                      function on another thread.";

/// The process: requests, and its end.
async fn process(plan: Plan, receiver: SocketAddr, told: Sender<Step>) {
    let exporter = exporter(receiver).expect("an exporter");
    let provider = provider(exporter, plan.share);
    let subscriber = tracing_subscriber::registry().with(layer(&provider));
    let _guard = tracing::subscriber::set_default(subscriber);
    for number in 0..plan.requests {
        let span = info_span!(target: "l17_production", "request");
        if let Some(flags) = plan.caller {
            let mut headers = HeaderMap::new();
            let context = format!("00-{:032x}-00000000000000aa-{flags}", number + 1);
            headers.insert("traceparent", context.parse().expect("a header"));
            // Refused for a span that is not kept.
            let _ = span.set_parent(extract(&headers));
        }
        draw_all((0..plan.pictures).collect())
            .instrument(span)
            .await;
        // The check may have failed already.
        let _ = told.send(Step::Answered(DRAWING.get().1));
    }
    let ended = end(provider.clone())
        .await
        .map_err(|error| error.to_string());
    let _ = told.send(Step::Ended(ended));
    let flushed = tokio::task::spawn_blocking(move || provider.force_flush());
    // An error after a shutdown is right.
    let ok = flushed.await.is_ok_and(|flushed| flushed.is_ok());
    let _ = told.send(Step::Flushed(ok));
}

fn spans(traces: &[Trace]) -> usize {
    traces.iter().map(|trace| trace.rows.len()).sum()
}

// The belief of this exercise.
#[test]
fn a_spans_are_sent() {
    case(
        "One request draws 3 pictures; then the process ends",
        |case| {
            let seen = play(case, PLAN);
            if seen.at_once == 0 {
                let advice =
                    "`draw_all` returns when all pictures are drawn: it waits for its tasks.";
                let happened = "no picture was begun when `draw_all` returned";
                case.differ("3 pictures are drawn", happened, advice);
            }
            if seen.traces.is_empty() && seen.later.is_empty() {
                case.differ(
                    "4 spans arrive at the receiver",
                    "none has arrived, and a flush brings none either",
                    "A provider without an exporter makes spans, and drops each one when it ends. `SdkTracerProvider::builder()` \
                     has a method for an exporter that gets batches.",
                );
            }
        },
    );
}

#[test]
fn b_the_end_sends_the_last_batch() {
    case(
        "One request draws 3 pictures; then the process ends",
        |case| {
            let seen = play(case, PLAN);
            let advice = "The receiver was there all the time.";
            case.expect_ok("end", &seen.ended, advice);
            if spans(&seen.traces) < spans(&seen.later) {
                case.differ(
                format!("{} spans have arrived when `end` returns", spans(&seen.later)),
                format!("{} have; the others came by a flush of the check", spans(&seen.traces)),
                "A batch waits for more spans, and a process that ends loses it. To drop one handle of the provider sends \
                 nothing: the subscriber has another one.",
            );
            }
            let advice = "All spans of the process: one `request` and 3 times `draw`.";
            case.expect_named(
                "the receiver has",
                &4,
                &spans(&seen.traces),
                "spans",
                advice,
            );
        },
    );
}

#[test]
fn c_a_task_is_part_of_the_request() {
    case("One request draws 3 pictures, each in a task", |case| {
        let seen = play(case, PLAN);
        let told: Vec<String> = seen.traces.iter().map(told).collect();
        if told != ["request (draw, draw, draw)"] {
            case.differ(
                "1 trace: request (draw, draw, draw)",
                format!("{}: {}", traces(told.len()), told.join("; ")),
                "The span of a future is current while the future is polled, and a spawned task is another future. \
                 `.in_current_span()` and `.instrument(span)` give it a span.",
            );
        }
    });
}

fn traces(number: usize) -> String {
    match number {
        1 => "1 trace".to_owned(),
        number => format!("{number} traces"),
    }
}

/// `request (draw, draw)`.
fn told(trace: &Trace) -> String {
    let name = |row: usize| trace.rows[row].span.name.clone();
    let roots = (0..trace.rows.len()).filter(|row| trace.rows[*row].parent.is_none());
    let root = |root: usize| {
        let below = (0..trace.rows.len()).filter(|row| trace.rows[*row].parent == Some(root));
        let below: Vec<String> = below.map(name).collect();
        match below.is_empty() {
            true => name(root),
            false => format!("{} ({})", name(root), below.join(", ")),
        }
    };
    roots.map(root).collect::<Vec<_>>().join(" and ")
}

#[test]
fn d_pictures_are_drawn_at_the_same_time() {
    case("One request draws 5 pictures", |case| {
        let seen = play(
            case,
            Plan {
                pictures: 5,
                ..PLAN
            },
        );
        let advice = "Spawn all tasks first, and wait for them then.";
        case.expect_named(
            "at the same time were drawn",
            &5,
            &seen.at_once,
            "pictures",
            advice,
        );
        let advice = "`draw_all` returns when all pictures are drawn, so the request has all of their spans.";
        case.expect_named(
            "the receiver has",
            &6,
            &spans(&seen.traces),
            "spans",
            advice,
        );
    });
}

#[test]
fn e_a_share_of_the_traces_is_kept() {
    for (share, right) in [(0.0, 0..=0), (1.0, 60..=60), (0.5, 10..=50)] {
        let situation = format!("60 requests without a caller; the share to keep is {share}");
        case(&situation, |case| {
            let seen = play(
                case,
                Plan {
                    share,
                    requests: 60,
                    pictures: 1,
                    ..PLAN
                },
            );
            let kept = seen.traces.len();
            if !right.contains(&kept) {
                let expected = match share {
                    0.5 => "about 30 traces arrive".to_owned(),
                    _ => format!("{} traces arrive", right.start()),
                };
                let advice = match kept > *right.end() {
                    true => {
                        "These traces begin in this process, so `share` decides. Without a sampler the SDK keeps all."
                    }
                    false => {
                        "These traces begin in this process, so `share` decides, and nothing else."
                    }
                };
                case.differ(
                    expected,
                    format!("{kept} of 60 traces have arrived"),
                    advice,
                );
            }
        });
    }
}

#[test]
fn f_the_caller_has_decided() {
    for (flags, share, kept, advice) in [
        (
            "01",
            0.0,
            5,
            "The caller keeps these traces: bit 1 of the flags is set. A process that decides anew makes a hole in them.",
        ),
        (
            "00",
            1.0,
            0,
            "The caller does not keep these traces, so their beginning is not there.",
        ),
    ] {
        let situation =
            format!("5 requests with the flags {flags} of a caller; the share to keep is {share}");
        case(&situation, |case| {
            let seen = play(
                case,
                Plan {
                    share,
                    caller: Some(flags),
                    requests: 5,
                    ..PLAN
                },
            );
            case.expect_named(
                "the receiver has",
                &kept,
                &seen.traces.len(),
                "traces",
                advice,
            );
            let advice = "A trace is kept as a whole: one `request` and 3 times `draw`.";
            case.expect_named(
                "all of them have",
                &(4 * kept),
                &spans(&seen.traces),
                "spans",
                advice,
            );
        });
    }
}

#[test]
fn g_a_request_does_not_wait() {
    case(
        "One request; the receiver accepts connections and never answers",
        |case| {
            let seen = play(
                case,
                Plan {
                    at: At::Silence,
                    ..PLAN
                },
            );
            let right = Duration::ZERO..=Duration::from_secs(2);
            case.expect_wait("for the answer", right, seen.request, SLOW);
        },
    );
}

#[test]
fn h_an_end_that_fails_says_so() {
    case(
        "One request; no program listens at the receiver's address",
        |case| {
            let seen = play(
                case,
                Plan {
                    at: At::Nothing,
                    ..PLAN
                },
            );
            let advice = match play(case, PLAN).shut_down {
                true => {
                    "The receiver has nothing, and the program ends as if all was well. `force_flush` returns the error of the \
                     export, and `shutdown` does not."
                }
                false => {
                    "The receiver has nothing, and `end` does not return the error of the export."
                }
            };
            case.expect_err("end", &seen.ended, advice);
        },
    );
}
