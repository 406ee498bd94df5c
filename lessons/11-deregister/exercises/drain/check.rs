//! The check of `drain`. It plays the registry and the clients: some call all the time, some once, and one has
//! the address from elsewhere.

mod exercise;
mod given;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use exercise::{Call, Registry, Times, Unavailable, serve};
use services::testkit::{Case, PATIENCE, View, case, schedules};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const TIMES: Times = Times {
    cached: Duration::from_millis(63),
    transit: Duration::from_millis(31),
    retry_pause: Duration::from_millis(17),
    retry_for: Duration::from_millis(213),
};

/// The registry. It can be slow, and it can be unavailable.
struct State {
    listed: AtomicBool,
    /// So many of the next attempts get `Unavailable`.
    refuse: AtomicU32,
    slow: Duration,
    asked: AtomicU32,
    /// When the entry was removed.
    removed: watch::Sender<Option<Instant>>,
    /// Whether `serve` has returned.
    returned: AtomicBool,
}

impl State {
    fn new(slow: Duration, refuse: u32) -> Arc<Self> {
        Arc::new(State {
            listed: AtomicBool::new(true),
            refuse: AtomicU32::new(refuse),
            slow,
            asked: AtomicU32::new(0),
            removed: watch::Sender::new(None),
            returned: AtomicBool::new(false),
        })
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What the learner gets.
struct Handle(Arc<State>);

impl Registry for Handle {
    async fn deregister(&self) -> Result<(), Unavailable> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        sleep(self.0.slow).await;
        let refused = self
            .0
            .refuse
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if refused.is_ok() {
            return Err(Unavailable);
        }
        self.0.listed.store(false, Ordering::SeqCst);
        self.0.removed.send_replace(Some(Instant::now()));
        Ok(())
    }
}

/// The learner's service, running, and how to reach it.
struct Service {
    calls: mpsc::Sender<Call>,
    registry: Arc<State>,
    leave: Option<oneshot::Sender<()>>,
    /// Its result, and when it returned.
    left: JoinHandle<(Result<(), Unavailable>, Instant)>,
}

fn start(registry: Arc<State>) -> Service {
    start_with(registry, TIMES)
}

fn start_with(registry: Arc<State>, times: Times) -> Service {
    let (calls, received) = mpsc::channel(64);
    let (leave, asked) = oneshot::channel::<()>();
    let handle = Handle(Arc::clone(&registry));
    let state = Arc::clone(&registry);
    let left = tokio::spawn(async move {
        let leave = async {
            let _ = asked.await;
        };
        let left = serve(received, handle, leave, times).await;
        state.returned.store(true, Ordering::SeqCst);
        (left, Instant::now())
    });
    Service {
        calls,
        registry,
        leave: Some(leave),
        left,
    }
}

impl Service {
    fn ask_to_leave(&mut self) {
        if let Some(leave) = self.leave.take() {
            let _ = leave.send(());
        }
    }

    /// Until the registry was asked, or no longer than PATIENCE.
    async fn until_asked(&self) {
        let since = Instant::now();
        while self.registry.asked() == 0 && since.elapsed() < PATIENCE {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// One call: whether it got the right answer. It waits PATIENCE at most.
async fn call(calls: &mpsc::Sender<Call>, question: u64) -> bool {
    let (answer, answered) = oneshot::channel();
    let sent = calls.send(Call { question, answer }).await.is_ok();
    sent && timeout(PATIENCE, answered).await == Ok(Ok(question * 2))
}

/// Runs a situation on a runtime of its own.
fn situation<T: Send + 'static>(
    case: &Case,
    advice: &str,
    body: impl Future<Output = T> + Send + 'static,
) -> T {
    case.run_within(PATIENCE * 3, "serve", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body)
    })
}

const HANGS: &str = "`leave` is ready, and `serve` does not return.";

/// The calls that were lost, before and after the return of `serve`.
#[derive(Default)]
struct Lost {
    running: u32,
    returned: u32,
}

/// A client that reads the list, uses it for its time, and calls all the while. After the entry is removed it calls
/// another instance. Returns its lost calls.
async fn client(calls: mpsc::Sender<Call>, registry: Arc<State>, age: Duration) -> Lost {
    let mut lost = Lost::default();
    let mut until = Instant::now() + TIMES.cached.saturating_sub(age);
    loop {
        while Instant::now() < until {
            if !call(&calls, 7).await {
                match registry.returned.load(Ordering::SeqCst) {
                    true => lost.returned += 1,
                    false => lost.running += 1,
                }
                // It does not use this address again before it has read the list.
                break;
            }
            sleep(Duration::from_millis(3)).await;
        }
        sleep(until.saturating_duration_since(Instant::now())).await;
        if !registry.listed.load(Ordering::SeqCst) {
            return lost;
        }
        until = Instant::now() + TIMES.cached;
    }
}

#[test]
fn a_clients_use_an_old_list() {
    case("Four clients call all the time; `leave` is ready", |case| {
        let (lost, early) = situation(case, HANGS, async {
            let mut service = start(State::new(Duration::ZERO, 0));
            let ages = [0, 15, 30, 45].map(Duration::from_millis);
            let clients = ages.map(|age| {
                tokio::spawn(client(service.calls.clone(), service.registry.clone(), age))
            });
            sleep(Duration::from_millis(80)).await;
            let early = service.registry.asked();
            service.ask_to_leave();
            let mut lost = Lost::default();
            for client in clients {
                let of_one = client.await.unwrap_or_default();
                lost.running += of_one.running;
                lost.returned += of_one.returned;
            }
            (lost, early)
        });
        let advice = "`leave` was not ready yet: until then the service stays registered.";
        case.expect_named(
            "attempts to deregister before `leave`:",
            &0,
            &early,
            "",
            advice,
        );
        if lost.running + lost.returned == 0 {
            return;
        }
        let happened = format!(
            "calls lost while `serve` was running: {}, after it had returned: {}",
            lost.running, lost.returned
        );
        let advice = if lost.running > 0 {
            "These calls were refused while the program was still there to answer them. Clients call until they have \
             a new list: `leave` is no reason to refuse calls."
        } else {
            "The entry was removed, and clients had read the list before that. A client uses its list for \
             `cached`: stay, and answer, until the last client has read a new list."
        };
        case.differ("no call is lost", happened, advice);
    });
}

#[test]
fn b_calls_are_answered_while_the_registry_is_asked() {
    case(
        "The registry takes 120 ms to deregister; a client calls meanwhile",
        |case| {
            let (answered, listed) = situation(case, HANGS, async {
                let mut service = start(State::new(Duration::from_millis(120), 0));
                service.ask_to_leave();
                service.until_asked().await;
                let answered = call(&service.calls, 21).await;
                (answered, service.registry.listed.load(Ordering::SeqCst))
            });
            if !answered {
                let advice = "The registry had been asked and had not answered yet, so clients still find the entry. \
                              Their calls need answers.";
                case.differ(
                    "an answer while `deregister` runs",
                    "the call was lost",
                    advice,
                );
            }
            if !listed {
                let advice = "The answer came after `deregister` had returned. Until then the entry is listed, and calls \
                              arrive. Make the deregistration a future of its own, and poll it beside the calls: \
                              `tokio::pin!` and a branch of `select!`.";
                case.differ(
                    "an answer while `deregister` runs",
                    "an answer after `deregister` had returned",
                    advice,
                );
            }
        },
    );
}

/// How long it stayed after its entry was removed, and its result.
async fn stays(service: Service) -> (Option<Duration>, Result<(), Unavailable>) {
    let removed = service.registry.removed.subscribe();
    let Ok((left, when)) = service.left.await else {
        return (None, Err(Unavailable));
    };
    let removed = *removed.borrow();
    (
        removed.map(|removed| when.saturating_duration_since(removed)),
        left,
    )
}

#[test]
fn c_a_slow_client_calls_last() {
    let old = "A client may have read the list just before your entry was removed. It uses it for `cached`, and then \
               its call is in transit for `transit`. A time without calls does not end that sooner.";
    let early = "The time is long enough, and it began too early: until `deregister` has returned, clients may read \
                 your entry. The time begins after that.";
    // A registry that answers at once, with some tolerance; then one that takes longer than that.
    for (slow, tolerance, advice) in [(0, 10, old), (80, 0, early)] {
        let situation_words = match slow {
            0 => "There are no calls for a long time; `leave` is ready",
            _ => "There are no calls; the registry takes 80 ms to deregister",
        };
        case(situation_words, |case| {
            let (stayed, left) = situation(case, HANGS, async move {
                let mut service = start(State::new(Duration::from_millis(slow), 0));
                service.ask_to_leave();
                stays(service).await
            });
            case.expect_ok("serve", &left, "The registry has removed the entry.");
            let needed = TIMES.cached + TIMES.transit;
            let stayed = stayed.unwrap_or_default();
            let wanted = format!(
                "`serve` returns {} after the entry was removed",
                needed.view()
            );
            let happened = format!("it returned after {}", stayed.view());
            if stayed + Duration::from_millis(tolerance) < needed {
                case.differ(wanted, happened, advice);
            }
            if stayed > needed + PATIENCE {
                let advice = "After `cached` and `transit` no client has the address from the registry any more.";
                case.differ(wanted, happened, advice);
            }
        });
    }
}

#[test]
fn d_a_client_with_the_address_from_elsewhere() {
    let advice = "This client never reads the registry: it has your address from elsewhere, for example from a script. It \
                  would keep you running for as long as it calls. The time after the deregistration has an end, \
                  with calls as well.";
    case(
        "A client calls every 5 ms and never reads the registry",
        |case| {
            situation(case, advice, async {
                let mut service = start(State::new(Duration::from_millis(5), 0));
                let calls = service.calls.clone();
                let stubborn = tokio::spawn(async move {
                    while call(&calls, 1).await {
                        sleep(Duration::from_millis(5)).await;
                    }
                });
                service.ask_to_leave();
                let _ = stays(service).await;
                stubborn.abort();
            });
        },
    );
}

#[test]
fn e_unavailable_for_a_moment() {
    case(
        "The registry is unavailable twice, then it answers",
        |case| {
            // Long enough for a machine that is busy with other work.
            let times = Times {
                retry_for: PATIENCE * 2,
                ..TIMES
            };
            let (stayed, left, asked, took) = situation(case, HANGS, async move {
                let mut service = start_with(State::new(Duration::from_millis(1), 2), times);
                let registry = Arc::clone(&service.registry);
                let since = Instant::now();
                service.ask_to_leave();
                let (stayed, left) = stays(service).await;
                let removed = *registry.removed.borrow();
                let took = removed.map(|removed| removed.saturating_duration_since(since));
                (stayed, left, registry.asked(), took)
            });
            if stayed.is_none() || left.is_err() {
                case.differ(
                    "the entry is removed, and the result is `Ok(())`",
                    format!("{left:?}; attempts to deregister: {asked}; the entry is still there"),
                    &format!(
                        "The registry was unavailable for a moment. An entry that stays sends clients to a closed \
                         port: ask again after `retry_pause` ({}), for `retry_for` ({}) in all.",
                        times.retry_pause.view(),
                        times.retry_for.view()
                    ),
                );
            }
            let paused = times.retry_pause * 2;
            if took.unwrap_or_default() < paused {
                let took = took.unwrap_or_default();
                case.differ(
                    format!("three attempts with pauses of {}", times.retry_pause.view()),
                    format!("three attempts within {}", took.view()),
                    "A registry that is in trouble gets more of it from attempts without a pause.",
                );
            }
        },
    );
}

#[test]
fn f_unavailable_for_long() {
    for (slow, what) in [
        (
            Duration::from_millis(1),
            "The registry is unavailable; a client calls all the while",
        ),
        (
            Duration::from_secs(3600),
            "The registry does not answer; a client calls all the while",
        ),
    ] {
        unavailable(slow, what);
    }
}

fn unavailable(slow: Duration, what: &str) {
    let advice = "`retry_for` is over, and the entry cannot be removed. A supervisor would kill a program that does not end: \
                  return `Err(Unavailable)`. The limit holds for all attempts together, and for a single one that \
                  never ends.";
    case(what, |case| {
        let (left, took, lost) = situation(case, advice, async move {
            let mut service = start(State::new(slow, u32::MAX));
            service.ask_to_leave();
            let since = Instant::now();
            let mut lost = 0;
            while since.elapsed() < TIMES.retry_for / 2 {
                lost += u32::from(!call(&service.calls, 3).await);
                sleep(Duration::from_millis(5)).await;
            }
            let (left, when) = service.left.await.unwrap_or((Ok(()), since));
            (left, when - since, lost)
        });
        if lost > 0 {
            let advice =
                "The registry still has your address, so clients call. Answer as long as you try.";
            case.differ("no call is lost", format!("calls lost: {lost}"), advice);
        }
        let wanted = format!("attempts for {}", TIMES.retry_for.view());
        if took < TIMES.retry_for {
            let advice =
                "The registry may be back at any moment; `retry_for` is the time for that.";
            case.differ(
                wanted,
                format!("`serve` returned after {}", took.view()),
                advice,
            );
        }
        let advice = "The entry was never removed. The result has to say so.";
        case.expect_err("serve", &left, advice);
    });
}

/// A registry whose answers the check gives, one for each attempt.
struct Answers(Mutex<mpsc::UnboundedReceiver<Result<(), Unavailable>>>);

impl Registry for Answers {
    async fn deregister(&self) -> Result<(), Unavailable> {
        let answer = self.0.lock().await.recv().await;
        answer.unwrap_or(Err(Unavailable))
    }
}

// The check decides when `leave` is ready, when an attempt fails, and when clients call.
#[test]
fn g_calls_and_attempts_in_any_order() {
    schedules(
        "Clients call before the entry is removed",
        |case, schedule| {
            let choices = schedule.clone();
            let (lost, left) = situation(case, HANGS, async move {
                let (answers, given) = mpsc::unbounded_channel();
                let (calls, received) = mpsc::channel(64);
                let (leave, asked) = oneshot::channel::<()>();
                let leaves = async {
                    let _ = asked.await;
                };
                let moment = Duration::from_millis(1);
                let times = Times {
                    cached: moment,
                    transit: moment,
                    retry_pause: moment,
                    retry_for: PATIENCE * 2,
                };
                let serving = serve(received, Answers(Mutex::new(given)), leaves, times);
                let serving = tokio::spawn(serving);
                let mut leave = Some(leave);
                let mut lost = 0;
                for question in 1..=6 {
                    match choices.pick(3) {
                        0 => {
                            choices.sends("client", "service", format!("call {question}"));
                            if !call(&calls, question).await {
                                lost += 1;
                                break;
                            }
                        }
                        1 => {
                            choices.sends("registry", "service", "unavailable");
                            let _ = answers.send(Err(Unavailable));
                            sleep(moment).await;
                        }
                        _ => {
                            if let Some(leave) = leave.take() {
                                choices.does("service", "is asked to leave");
                                let _ = leave.send(());
                            }
                        }
                    }
                }
                if let Some(leave) = leave.take() {
                    let _ = leave.send(());
                }
                let _ = answers.send(Ok(()));
                (lost, serving.await.unwrap_or(Err(Unavailable)))
            });
            if lost > 0 {
                let advice = "The entry is still in the registry, so clients call: before `leave`, while the registry is asked, and \
                              in the pauses between two attempts. Each call needs an answer.";
                case.differ("no call is lost", format!("calls lost: {lost}"), advice);
            }
            case.expect_ok("serve", &left, "The registry was unavailable for a moment at most, and `retry_for` is not over: ask again, until it removes the entry.");
        },
    );
}
