//! The check of `round-robin`. Three greeters count their connections and their calls.

mod exercise;
mod given;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use exercise::Greeters;
use services::testkit::{Case, PATIENCE, case};

/// A greeter of the check.
struct Greeter {
    addr: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    calls: AtomicUsize,
    ended: AtomicBool,
    /// It closes each connection without an answer.
    broken: AtomicBool,
}

impl Greeter {
    fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn on(listener: TcpListener) -> Self {
        let addr = listener.local_addr().expect("an address");
        let counts = Arc::new(Counts::default());
        let counting = Arc::clone(&counts);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if counting.ended.load(Ordering::SeqCst) {
                    return;
                }
                counting.connections.fetch_add(1, Ordering::SeqCst);
                let counting = Arc::clone(&counting);
                thread::spawn(move || serve(stream, &counting));
            }
        });
        Greeter { addr, counts }
    }

    fn calls(&self) -> usize {
        self.counts.calls.load(Ordering::SeqCst)
    }

    fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Ends it: its port refuses connections, and its open connections break with the next call.
    fn end(&self) {
        self.counts.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
        while TcpStream::connect(self.addr).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn serve(stream: TcpStream, counts: &Counts) {
    let Ok(mut back) = stream.try_clone() else {
        return;
    };
    let _ = back.set_nodelay(true);
    if counts.broken.load(Ordering::SeqCst) {
        return;
    }
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if counts.ended.load(Ordering::SeqCst) {
            return;
        }
        counts.calls.fetch_add(1, Ordering::SeqCst);
        if back
            .write_all(format!("hello {line}\n").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

fn three() -> Vec<Greeter> {
    (0..3).map(|_| Greeter::start()).collect()
}

fn addrs(greeters: &[Greeter]) -> Vec<SocketAddr> {
    greeters.iter().map(|greeter| greeter.addr).collect()
}

fn counted(greeters: &[Greeter], count: impl Fn(&Greeter) -> usize) -> String {
    let counts = greeters.iter().map(|greeter| count(greeter).to_string());
    counts.collect::<Vec<_>>().join("/")
}

/// Makes so many calls; each has to be answered.
#[track_caller]
fn calls(case: &Case, to: &mut Greeters, count: usize, advice: &str) {
    for number in 1..=count {
        match to.greet("Ada") {
            Ok(reply) if reply == "hello Ada" => (),
            other => {
                let answer = match other {
                    Ok(reply) => format!("{reply:?} to call {number} of {count}"),
                    Err(error) => format!("call {number} of {count} failed: {error}"),
                };
                case.differ("\"hello Ada\"", answer, advice);
            }
        }
    }
}

const ALL_ANSWER: &str = "All three greeters accept connections and answer.";

/// Fails unless the calls are spread like this.
#[track_caller]
fn expect_spread(case: &Case, greeters: &[Greeter], expected: [usize; 3]) {
    let found = counted(greeters, Greeter::calls);
    let all: Vec<usize> = greeters.iter().map(Greeter::calls).collect();
    if all == expected {
        return;
    }
    let one = all.iter().filter(|calls| **calls > 0).count() == 1;
    let advice = if one && attempts_when_all_break() > 1 {
        "Your code goes to the same greeter again and again: the turn has to move on with each attempt."
    } else if one {
        "One greeter got all calls: a connection leads to one server, for as long as it is open. Open one to \
         each, and choose one for each call."
    } else if all == [10, 0, 20] {
        "The greeter that refuses is skipped, and the call goes to the one behind it. The following call goes \
         to the one behind the greeter that answered; otherwise that one gets the calls of two."
    } else {
        "All greeters are called, and their shares differ. In turn means that each gets every third call."
    };
    let expected = expected.map(|calls| calls.to_string()).join("/");
    case.differ(
        format!("{expected} calls"),
        format!("{found} calls"),
        advice,
    );
}

// The belief of this exercise.
#[test]
fn a_thirty_calls_and_three_greeters() {
    case("Thirty calls, three greeters", |case| {
        let greeters = three();
        let mut all = Greeters::new(addrs(&greeters));
        let mut order = Vec::new();
        for _ in 0..30 {
            let before: Vec<usize> = greeters.iter().map(Greeter::calls).collect();
            calls(case, &mut all, 1, ALL_ANSWER);
            order.extend((0..3).filter(|one| greeters[*one].calls() > before[*one]));
        }
        expect_spread(case, &greeters, [10, 10, 10]);
        if order.windows(2).any(|two| two[1] != (two[0] + 1) % 3) {
            let numbers = order.iter().take(6).map(|one| (one + 1).to_string());
            let answer = format!(
                "the first calls went to {}",
                numbers.collect::<Vec<_>>().join(", ")
            );
            let advice = "Each greeter gets its share, and the order is not the one of `addrs`.";
            case.differ("1, 2, 3, 1, 2, 3 or a later start", answer, advice);
        }
    });
}

#[test]
fn b_one_connection_to_each() {
    case(
        "Thirty calls, three greeters: how many connections?",
        |case| {
            let greeters = three();
            let mut all = Greeters::new(addrs(&greeters));
            calls(case, &mut all, 30, ALL_ANSWER);
            let opened: usize = greeters.iter().map(Greeter::connections).sum();
            if opened > 3 {
                let advice = "Opening a connection costs a round trip, and with gRPC several. Keep the connection \
                          of each greeter for its next turn.";
                case.differ("3 connections", format!("{opened} connections"), advice);
            }
        },
    );
}

/// The most attempts that one call makes at one greeter, if all of them close each connection at once.
fn attempts_when_all_break() -> usize {
    let greeters = three();
    for greeter in &greeters {
        greeter.counts.broken.store(true, Ordering::SeqCst);
    }
    let _ = Greeters::new(addrs(&greeters)).greet("Ada");
    let attempts = greeters.iter().map(Greeter::connections);
    attempts.max().unwrap_or_default()
}

/// How often a call that fails has tried the second of three greeters, which closes each connection at once; `None` if
/// no call fails.
fn attempts_of_a_failed_call() -> Option<usize> {
    let greeters = three();
    greeters[1].counts.broken.store(true, Ordering::SeqCst);
    let mut all = Greeters::new(addrs(&greeters));
    (0..3).find_map(|_| {
        let before = greeters[1].connections();
        let failed = all.greet("Ada").is_err();
        failed.then(|| greeters[1].connections() - before)
    })
}

#[test]
fn c_one_is_down() {
    case("The second of three greeters refuses connections", |case| {
        let greeters = three();
        greeters[1].end();
        let mut all = Greeters::new(addrs(&greeters));
        let advice = match attempts_of_a_failed_call() {
            None => "Your code goes to the next greeter when a call fails, and not when a connection is refused."
                .to_string(),
            Some(0 | 1) => "One greeter refuses connections, and the call failed although two others answer. A \
                 greeting is idempotent: send it to the next greeter."
                .to_string(),
            Some(times) => format!(
                "Your call made {times} attempts at greeter 2, and none at the others. An attempt that fails uses up \
                 the turn as well: the next attempt goes to the next greeter."
            ),
        };
        calls(case, &mut all, 30, &advice);
        expect_spread(case, &greeters, [15, 0, 15]);
    });
}

#[test]
fn d_two_are_down() {
    case("Only the last of three greeters answers", |case| {
        let greeters = three();
        greeters[0].end();
        greeters[1].end();
        let mut all = Greeters::new(addrs(&greeters));
        let advice = "Two greeters refuse connections, and the third one answers. A call fails only when all \
                      three have failed.";
        calls(case, &mut all, 9, advice);
    });
}

#[test]
fn e_one_dies_and_comes_back() {
    case(
        "One greeter dies after nine calls, and comes back after nine more",
        |case| {
            let mut greeters = three();
            let mut all = Greeters::new(addrs(&greeters));
            calls(case, &mut all, 9, ALL_ANSWER);
            greeters[2].end();
            let advice = "A greeter has died, and its connection is broken. The call that meets the broken \
                      connection goes to the next greeter.";
            calls(case, &mut all, 9, advice);
            let again = TcpListener::bind(greeters[2].addr);
            greeters[2] = Greeter::on(again.expect("its own port"));
            calls(case, &mut all, 9, "All three greeters answer again.");
            if greeters[2].calls() != 3 {
                let advice = "The greeter accepts connections again. A broken connection stays broken: drop it, and \
                          open a new one at the next turn of that greeter.";
                let answer = format!("{} of 9 calls went to it", greeters[2].calls());
                case.differ("3 of 9 calls go to it", answer, advice);
            }
        },
    );
}

#[test]
fn f_all_are_down() {
    case("All three greeters refuse connections", |case| {
        let greeters = three();
        greeters.iter().for_each(Greeter::end);
        let down = addrs(&greeters);
        let advice = "All three refuse connections, and the call goes round and round. After one attempt at each \
                      greeter it has failed.";
        let outcome = case.run_within(PATIENCE * 3, "greet", advice, move || {
            Greeters::new(down)
                .greet("Ada")
                .map_err(|error| error.to_string())
        });
        if let Ok(reply) = outcome {
            case.differ(
                "an error",
                format!("Ok({reply:?})"),
                "No greeter has answered.",
            );
        }
    });
}

#[test]
fn f_all_break() {
    case(
        "All three greeters accept connections, and close them at once",
        |case| {
            let greeters = three();
            for greeter in &greeters {
                greeter.counts.broken.store(true, Ordering::SeqCst);
            }
            let mut all = Greeters::new(addrs(&greeters));
            if let Ok(reply) = all.greet("Ada") {
                case.differ(
                    "an error",
                    format!("Ok({reply:?})"),
                    "No greeter has answered.",
                );
            }
            let found = counted(&greeters, Greeter::connections);
            if found != "1/1/1" {
                let advice = "The call fails after one attempt at each greeter.";
                case.differ("1/1/1 connections", format!("{found} connections"), advice);
            }
        },
    );
}

#[test]
fn g_sixty_programs_make_one_call_each() {
    case("Sixty programs start, and make one call each", |case| {
        let greeters = three();
        for _ in 0..60 {
            let mut all = Greeters::new(addrs(&greeters));
            calls(case, &mut all, 1, ALL_ANSWER);
        }
        if greeters.iter().any(|greeter| greeter.calls() > 45) {
            let advice = "All programs began with the same greeter. A turn spreads the calls of one program; \
                          where many programs make few calls, the first turn has to be random.";
            let found = counted(&greeters, Greeter::calls);
            case.differ("about 20/20/20 calls", format!("{found} calls"), advice);
        }
    });
}
