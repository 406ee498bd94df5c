//! The check of `round-robin`. Three greeters of the check's own count who dials and who asks.

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
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    lines: AtomicUsize,
    calls: AtomicUsize,
    ended: AtomicBool,
}

impl Greeter {
    fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn on(listener: TcpListener) -> Self {
        let addr = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let counting = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if counting.ended.load(Ordering::SeqCst) {
                    return;
                }
                counting.lines.fetch_add(1, Ordering::SeqCst);
                let counting = Arc::clone(&counting);
                thread::spawn(move || serve(stream, &counting));
            }
        });
        Greeter { addr, seen }
    }

    fn calls(&self) -> usize {
        self.seen.calls.load(Ordering::SeqCst)
    }

    fn lines(&self) -> usize {
        self.seen.lines.load(Ordering::SeqCst)
    }

    /// Ends it: nobody listens, and its connections break with the next call.
    fn end(&self) {
        self.seen.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
        while TcpStream::connect(self.addr).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn serve(stream: TcpStream, seen: &Seen) {
    let Ok(mut back) = stream.try_clone() else {
        return;
    };
    let _ = back.set_nodelay(true);
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if seen.ended.load(Ordering::SeqCst) {
            return;
        }
        seen.calls.fetch_add(1, Ordering::SeqCst);
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

/// So many calls, each of which has to be answered.
#[track_caller]
fn calls(case: &Case, to: &mut Greeters, count: usize, advice: &str) {
    for number in 1..=count {
        match to.greet("Ada") {
            Ok(reply) if reply == "hello Ada" => (),
            other => {
                let answer = format!("call {number}: {other:?}");
                case.differ("\"hello Ada\"", answer, advice);
            }
        }
    }
}

// The belief of this exercise. A connection is made to somebody.
#[test]
fn a_thirty_calls_and_three_greeters() {
    case("Thirty calls, three greeters", |case| {
        let greeters = three();
        let mut all = Greeters::new(addrs(&greeters));
        calls(
            case,
            &mut all,
            30,
            "All three of them are there and answer.",
        );
        let even = |greeter: &Greeter| (8..=12).contains(&greeter.calls());
        if !greeters.iter().all(even) {
            let advice = "One connection leads to one server, for as long as it lives: the others \
                          were never called. Have one for each, and let them take turns.";
            case.differ("10/10/10", counted(&greeters, Greeter::calls), advice);
        }
    });
}

#[test]
fn b_three_lines_are_enough() {
    case("Thirty calls, and how many connections?", |case| {
        let greeters = three();
        let mut all = Greeters::new(addrs(&greeters));
        calls(
            case,
            &mut all,
            30,
            "All three of them are there and answer.",
        );
        let dialled: usize = greeters.iter().map(Greeter::lines).sum();
        if dialled > 3 {
            let advice = "Dialling costs a round trip, and with gRPC several. Keep the lines.";
            case.differ("3 connections", format!("{dialled} connections"), advice);
        }
    });
}

#[test]
fn c_one_is_down() {
    case("One of the three is not there", |case| {
        let greeters = three();
        greeters[1].end();
        let mut all = Greeters::new(addrs(&greeters));
        let advice = "One of them refuses connections, and the call was given up. The others were there: \
                      a greeting may run twice, so ask the next one.";
        calls(case, &mut all, 30, advice);
    });
}

#[test]
fn d_one_dies_and_comes_back() {
    case("One dies after nine calls, and comes back", |case| {
        let mut greeters = three();
        let mut all = Greeters::new(addrs(&greeters));
        let advice = "One has died; the call that met its broken line has to go to the next one.";
        calls(case, &mut all, 9, advice);
        greeters[2].end();
        calls(case, &mut all, 9, advice);
        let again = TcpListener::bind(greeters[2].addr);
        greeters[2] = Greeter::on(again.expect("its own port"));
        calls(case, &mut all, 9, advice);
        if greeters[2].calls() == 0 {
            let advice = "It is back, and nobody calls it. A line that has broken stays broken: throw it \
                          away, and at the next turn this greeter is dialled again.";
            case.differ("3 of 9 calls", "none of them", advice);
        }
    });
}

#[test]
fn e_nobody_is_there() {
    case("Nobody is there", |case| {
        let greeters = three();
        greeters.iter().for_each(Greeter::end);
        let nobody = addrs(&greeters);
        let advice = "All three refuse connections, and it goes round and round. Count how many were \
                      tried: after the last one the call has failed.";
        let outcome = case.run_within(PATIENCE * 3, "greet", advice, move || {
            Greeters::new(nobody).greet("Ada").is_err()
        });
        if !outcome {
            case.differ("an error", "a greeting", "Who has greeted there?");
        }
    });
}

#[test]
fn f_sixty_programs_make_one_call_each() {
    case(
        "Sixty programs are started, and make one call each",
        |case| {
            let greeters = three();
            for _ in 0..60 {
                let mut all = Greeters::new(addrs(&greeters));
                calls(case, &mut all, 1, "All three of them are there and answer.");
            }
            if greeters.iter().any(|greeter| greeter.calls() > 45) {
                let advice = "All of them began with the same one. Taking turns spreads the calls of one \
                          program; where many programs make few calls, the first turn has to be drawn \
                          by lot.";
                case.differ("about 20/20/20", counted(&greeters, Greeter::calls), advice);
            }
        },
    );
}
