//! One situation: its name, its peers, and the one way to fail in it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::{self, Running, Serving};
use crate::{Listening, On, PATIENCE, Peer, Pieces, Report, Schedule, View, advice, hook};

/// Runs `body` in a situation whose name is the first line of every failure in it.
///
/// ```
/// testkit::case("Two and two", |case| {
///     case.expect_eq(&4u32, &(2 + 2), "Count again.");
/// });
/// ```
///
/// Cases take turns, also where the test harness runs tests in parallel: a panic in a thread
/// without a name could belong to any of them.
#[track_caller]
pub fn case(situation: &str, body: impl FnOnce(&Case)) {
    let _turn = next();
    match attempt(Location::caller().file(), situation, true, None, body) {
        Outcome::Passed => {}
        Outcome::Failed(words) => panic!("{words}"),
    }
}

/// Waits until no other case is open.
pub(crate) fn next() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // Waiting for our own turn would be for ever.
    assert!(
        !hook::inside(),
        "cases do not nest: end one before the next"
    );
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a case.
pub(crate) enum Outcome {
    Passed,
    /// In these words, which are still to be said.
    Failed(String),
}

/// Runs `body` once. A failure in words of the check itself is on the screen already if `aloud`; then the panic goes
/// on from here. `lucky` is told with a failure: the order of events that another one has hidden.
pub(crate) fn attempt(
    file: &'static str,
    situation: &str,
    aloud: bool,
    lucky: Option<&Schedule>,
    body: impl FnOnce(&Case),
) -> Outcome {
    hook::open(file, aloud);
    let case = Case {
        situation: situation.to_string(),
        ended: Arc::default(),
        lucky: lucky.cloned(),
    };
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| body(&case)));
    match (outcome, hook::close()) {
        (Err(payload), (_, true)) if aloud => panic::resume_unwind(payload),
        (_, (Some(panicked), false)) => Outcome::Failed(case.about_panic(&panicked)),
        (Err(payload), (None, false)) => panic::resume_unwind(payload),
        (Err(payload), _) => Outcome::Failed(
            payload
                .downcast::<String>()
                .map_or_else(|_| "the check failed".to_string(), |words| *words),
        ),
        (Ok(()), _) => Outcome::Passed,
    }
}

/// An open situation. Made by [`case`].
pub struct Case {
    situation: String,
    /// What the learner's functions returned, if it was an error: shown beside later trouble.
    ended: Arc<Mutex<Vec<(String, String)>>>,
    /// The order of events, where the usual one hides the failure.
    lucky: Option<Schedule>,
}

impl Case {
    /// Starts a report about this situation.
    pub fn report(&self) -> Report {
        Report::new(&self.situation)
    }

    /// Fails with a report. If something has panicked, that is the cause, and is told instead.
    #[track_caller]
    pub fn fail(&self, report: Report) -> ! {
        if let Some(panicked) = hook::first() {
            panic!("{}", self.about_panic(&panicked));
        }
        let mut report = report;
        for (label, text) in self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            report = report.detail(label, text);
        }
        if let Some(schedule) = &self.lucky {
            report = report.by_luck(schedule);
        }
        panic!("{report}");
    }

    /// Fails unless the two are equal.
    #[track_caller]
    pub fn expect_eq<E, A>(&self, expected: &E, answer: &A, advice: &str)
    where
        E: View + PartialEq<A> + ?Sized,
        A: View + ?Sized,
    {
        if expected != answer {
            self.differ(expected.view(), answer.view(), advice);
        }
    }

    /// Fails unless the two are equal, as [`Case::expect_eq`] does, and tells both with their name and unit:
    /// `the counter shows 3 visits`. A bare number says nothing to a reader who does not know the check.
    #[track_caller]
    pub fn expect_named<T: View + PartialEq>(
        &self,
        name: &str,
        expected: &T,
        answer: &T,
        unit: &str,
        advice: &str,
    ) {
        let told = |value: &T| {
            format!("{name} {} {unit}", value.view())
                .trim_end()
                .to_string()
        };
        if expected != answer {
            self.differ(told(expected), told(answer), advice);
        }
    }

    /// Fails unless `function` has returned an error; tells first that it returned, and what.
    #[track_caller]
    pub fn expect_err<T, E>(&self, function: &str, returned: &Result<T, E>, advice: &str) {
        if returned.is_ok() {
            let expected = format!("`{function}` returns an error");
            self.differ(expected, format!("`{function}` returned Ok"), advice);
        }
    }

    /// Fails unless `function` has returned `Ok`; tells first that it returned, and what.
    #[track_caller]
    pub fn expect_ok<T, E: std::fmt::Debug>(
        &self,
        function: &str,
        returned: &Result<T, E>,
        advice: &str,
    ) {
        if let Err(error) = returned {
            let answer = format!("`{function}` returned an error: {error:?}");
            self.differ(format!("`{function}` returns Ok"), answer, advice);
        }
    }

    /// Fails unless something was waited for as long as it should be: `waits 1.0 s to 1.2 s before try 2`.
    #[track_caller]
    pub fn expect_wait(
        &self,
        what: &str,
        expected: std::ops::RangeInclusive<Duration>,
        waited: Duration,
        advice: &str,
    ) {
        if !expected.contains(&waited) {
            let (least, most) = (expected.start().view(), expected.end().view());
            self.differ(
                format!("waits {least} to {most} {what}"),
                format!("waited {} {what}", waited.view()),
                advice,
            );
        }
    }

    /// Fails with `expected` and `your answer` in words of the check.
    #[track_caller]
    pub fn differ(
        &self,
        expected: impl Into<String>,
        answer: impl Into<String>,
        advice: &str,
    ) -> ! {
        self.fail(
            self.report()
                .detail("expected", expected)
                .detail("your answer", answer)
                .advice(advice),
        )
    }

    /// Asks again and again until the answer is the expected one; fails if that takes too long.
    /// For what happens soon, but not before the check can look.
    #[track_caller]
    pub fn expect_soon<E, A>(&self, expected: &E, advice: &str, mut answer: impl FnMut() -> A)
    where
        E: View + PartialEq<A> + ?Sized,
        A: View,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = answer();
            if *expected == answer {
                return;
            }
            // After a panic nothing will get better: say so at once.
            if Instant::now() >= until || hook::first().is_some() {
                self.differ(
                    expected.view(),
                    format!("{}, still after {}", answer.view(), PATIENCE.view()),
                    advice,
                );
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails unless the answer is an error of this kind.
    #[track_caller]
    pub fn expect_error<T: View>(
        &self,
        kind: std::io::ErrorKind,
        answer: &std::io::Result<T>,
        advice: &str,
    ) {
        if !matches!(answer, Err(error) if error.kind() == kind) {
            self.differ(format!("Err: {kind:?}"), answer.view(), advice);
        }
    }

    /// Runs the learner's server on a thread of its own, on a free port of 127.0.0.1.
    pub fn serve<F>(&self, name: &str, serve: F) -> Serving<'_>
    where
        F: FnOnce(TcpListener) -> std::io::Result<()> + Send + 'static,
    {
        let listener = free_port();
        let addr = local_addr(&listener);
        let ended = Arc::clone(&self.ended);
        let label = format!("`{name}` returned");
        running::on_a_thread(move || {
            let text = match serve(listener) {
                Ok(()) => "Ok(()), so nobody accepts any more".to_string(),
                Err(error) => format!("Err: {}", error.view()),
            };
            ended
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((label, text));
        });
        Serving::new(self, addr)
    }

    /// Starts a function on a thread of its own; [`Running::within`] fetches what it returns.
    pub fn start<T: Send + 'static>(
        &self,
        name: &str,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Running<'_, T> {
        Running::start(self, name, function)
    }

    /// Runs a function and fails with `advice` if it does not return in time.
    #[track_caller]
    pub fn run_within<T: Send + 'static>(
        &self,
        limit: Duration,
        name: &str,
        advice: &str,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        self.start(name, function).within(limit, advice)
    }

    /// Connects to an address, or fails in words.
    #[track_caller]
    pub fn connect(&self, addr: SocketAddr, better: &[On]) -> Peer<'_> {
        match TcpStream::connect_timeout(&addr, PATIENCE) {
            Ok(stream) => Peer::new(self, stream),
            Err(error) => {
                let trouble = crate::Trouble::from_io(error);
                self.fail(
                    self.report()
                        .detail("expected", format!("a connection to {addr}"))
                        .detail("your answer", trouble.happened(&PATIENCE.view()))
                        .advice(trouble.advice(better)),
                )
            }
        }
    }

    /// A port where the check plays the server.
    pub fn listen(&self) -> Listening<'_> {
        Listening::new(self, free_port())
    }

    /// A connection: one end for the learner's function, the other one played by the check.
    pub fn pair(&self) -> (TcpStream, Peer<'_>) {
        let listener = free_port();
        let near = TcpStream::connect(local_addr(&listener)).expect("dial our own port");
        let (far, _) = listener.accept().expect("accept our own client");
        (near, Peer::new(self, far))
    }

    /// A connection without a socket, whose reads return exactly these pieces, and then the end.
    pub fn pieces<B: AsRef<[u8]>>(&self, pieces: impl IntoIterator<Item = B>) -> Pieces {
        Pieces::new(&self.situation, pieces)
    }

    fn about_panic(&self, panicked: &hook::Panicked) -> String {
        if panicked.words {
            return panicked.message.clone();
        }
        let advice = if panicked.message.starts_with("not yet implemented") {
            "This part is still a `todo!`: write it, save, and the check runs again.".to_string()
        } else if let Some(kind) = kind_in(&panicked.message) {
            format!(
                "{} An `unwrap` on the network is a crash that waits.",
                advice::for_kind(kind)
            )
        } else {
            "A panic ends the thread it happens in. Nothing that a peer sends or does may be able \
             to cause one."
                .to_string()
        };
        let who = match panicked.own {
            true => "your code panicked",
            false => "a panic, not in exercise.rs",
        };
        let report = self
            .report()
            .detail(who, &panicked.place)
            .detail("with", &panicked.message)
            .advice(advice);
        match &self.lucky {
            Some(schedule) => report.by_luck(schedule).to_string(),
            None => report.to_string(),
        }
    }
}

/// The kind of an `io::Error` that an `unwrap` printed: `... kind: ConnectionReset, ...`.
fn kind_in(message: &str) -> Option<std::io::ErrorKind> {
    use std::io::ErrorKind as K;
    let kinds = [
        K::ConnectionRefused,
        K::ConnectionReset,
        K::ConnectionAborted,
        K::BrokenPipe,
        K::AddrInUse,
        K::TimedOut,
        K::WouldBlock,
        K::UnexpectedEof,
        K::InvalidData,
        K::NotConnected,
    ];
    kinds
        .into_iter()
        .find(|kind| message.contains(&format!("kind: {kind:?}")))
}

/// A port of our own. If the machine has none left, nothing here can be checked.
fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1")
}

pub(crate) fn local_addr(listener: &TcpListener) -> SocketAddr {
    listener
        .local_addr()
        .expect("a bound listener has an address")
}
