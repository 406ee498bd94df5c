//! The check of `lost-connection`. It makes calls, and plays the server, which ends the connection in several ways.

mod exercise;
mod given;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Instant;

use exercise::{Answer, Calls, Lost};
use testkit::schedule::Thread;
use testkit::{Case, PATIENCE, Peer, Running, View, case, schedules};

/// A connection with a thread that reads its replies.
fn reading(case: &Case) -> (Arc<Calls>, Running<'_, ()>, Peer<'_>) {
    let (stream, server) = case.pair();
    reading_from(case, stream, server)
}

fn reading_from<'c>(
    case: &'c Case,
    stream: TcpStream,
    server: Peer<'c>,
) -> (Arc<Calls>, Running<'c, ()>, Peer<'c>) {
    let calls = Arc::new(Calls::default());
    let of_thread = Arc::clone(&calls);
    let read = case.start("read_replies", move || of_thread.read_replies(stream));
    (calls, read, server)
}

fn view(answer: Answer) -> String {
    match answer {
        Ok(value) => format!("the value {value:?}"),
        Err(Lost) => "Lost".to_string(),
    }
}

const AT_ONCE: &str = "No reply can come any more, and only the thread that reads knows it: before `read_replies` \
                       returns, it must send `Err(Lost)` to every pending call.";

/// Fails unless each of these calls gets `Lost`, and nothing else.
#[track_caller]
fn expect_lost(case: &Case, calls: &[Receiver<Answer>], silent_advice: &str) {
    let since = Instant::now();
    let until = since + PATIENCE;
    let mut silent = 0;
    for call in calls {
        let left = until.saturating_duration_since(Instant::now());
        match call.recv_timeout(left) {
            Ok(Err(Lost)) => expect_only_one(case, call),
            Ok(Ok(value)) => {
                let advice = if value.is_empty() {
                    "The server sent no reply to this call, so there is no value. Send `Err(Lost)`."
                } else {
                    "The server never completed this reply: a reply ends with a newline."
                };
                case.differ("Lost", view(Ok(value)), advice);
            }
            Err(RecvTimeoutError::Timeout) => silent += 1,
            Err(RecvTimeoutError::Disconnected) => {
                let advice = "The sender was dropped without an answer. Send `Err(Lost)`, so that the caller can tell \
                              a lost connection from a bug.";
                case.differ("Lost", "the channel was closed", advice);
            }
        }
    }
    if silent > 0 {
        let calls = match silent {
            1 => "1 call still waits".to_string(),
            _ => format!("{silent} calls still wait"),
        };
        let answer = format!("{calls} after {}", since.elapsed().view());
        case.differ("Lost, at once", answer, silent_advice);
    }
}

/// Fails unless this call gets this value, and nothing else.
#[track_caller]
fn expect_value(case: &Case, value: &str, call: &Receiver<Answer>, advice: &str) {
    let expected = format!("the value {value:?}");
    match call.recv_timeout(PATIENCE) {
        Ok(Ok(answer)) if answer == value => expect_only_one(case, call),
        Ok(answer) => case.differ(expected, view(answer), advice),
        Err(RecvTimeoutError::Timeout) => {
            case.differ(expected, format!("nothing for {}", PATIENCE.view()), advice);
        }
        Err(RecvTimeoutError::Disconnected) => {
            case.differ(expected, "the channel was closed", advice);
        }
    }
}

/// Fails if a call that has its answer gets another one. The reading has ended, or goes on without this id.
#[track_caller]
fn expect_only_one(case: &Case, call: &Receiver<Answer>) {
    if let Ok(second) = call.try_recv() {
        let advice =
            "A call gets exactly one answer. Remove its entry from the table when you send it.";
        case.differ(
            "one answer",
            format!("a second one: {}", view(second)),
            advice,
        );
    }
}

const RETURNS: &str = "The connection is lost, and `read_replies` has not returned.";

// The belief of this exercise. Before the end, silence may mean "not yet". After it, no reply will come.
#[test]
fn a_pending_call_fails_at_once() {
    case("Three calls are pending, the server closes", |case| {
        let (calls, read, server) = reading(case);
        let pending = [1, 2, 30].map(|id| calls.begin(id));
        thread::sleep(PATIENCE / 100);
        for call in &pending {
            let (answer, advice) = match call.try_recv() {
                Err(TryRecvError::Empty) => continue,
                Err(TryRecvError::Disconnected) => (
                    "the channel was closed".to_string(),
                    "The connection is not lost, and the sender of a call was dropped: keep it in the table until the \
                     reply or the end.",
                ),
                Ok(answer) => (
                    view(answer),
                    "The connection is not lost, and no reply has come: this call has no answer yet.",
                ),
            };
            case.differ("a call that waits", answer, advice);
        }
        if read.has_returned() {
            let advice =
                "The server has sent nothing, and its connection is open: read until it is lost.";
            case.differ("`read_replies` reads", "it has returned", advice);
        }
        server.close();
        expect_lost(case, &pending, AT_ONCE);
        read.within(PATIENCE, RETURNS);
    });
}

// Replies that came before the end still count.
#[test]
fn a_reply_before_the_end_counts() {
    case("Two calls, two replies together", |case| {
        let (calls, read, mut server) = reading(case);
        let [one, two] = [1, 2].map(|id| calls.begin(id));
        server.send("1 one\n2 two\n");
        let advice = "Each of the two lines is a whole reply.";
        expect_value(case, "one", &one, advice);
        expect_value(case, "two", &two, advice);
        server.close();
        read.within(PATIENCE, RETURNS);
    });
    case("Four calls, three replies together, the end", |case| {
        let (calls, read, mut server) = reading(case);
        let [one, two, three, gone] = [1, 2, 30, 4].map(|id| calls.begin(id));
        drop(gone);
        server.send("30 thirty\n4 four\n9 nine\n2 two  words\n");
        let advice = "The server sent this reply, complete, before the connection ended.";
        expect_value(case, "thirty", &three, advice);
        let after = "Before this reply came one for a caller that has dropped its receiver, and one with an \
                     unknown id. Both are ignored, and the next reply counts.";
        expect_value(case, "two  words", &two, after);
        server.finish();
        expect_lost(case, &[one], AT_ONCE);
        read.within(PATIENCE, RETURNS);
        expect_only_one(case, &two);
        expect_only_one(case, &three);
    });
}

// The table may be empty for an hour, and then a call begins.
#[test]
fn an_empty_table_is_not_the_end() {
    case(
        "Each call begins after the reply to the one before",
        |case| {
            let (calls, read, mut server) = reading(case);
            for id in [7, 8, 7] {
                let call = calls.begin(id);
                let advice = "A call began while no other was pending, and its reply did not reach it. Read until the \
                          connection is lost.";
                for piece in [format!("{id} v"), format!("alue {id}\n")] {
                    if server.try_send(piece).is_err() {
                        case.differ("the reply is read", "the connection was closed", advice);
                    }
                    thread::sleep(PATIENCE / 100);
                }
                expect_value(case, &format!("value {id}"), &call, advice);
            }
            let last = calls.begin(9);
            server.close();
            expect_lost(case, &[last], AT_ONCE);
            read.within(PATIENCE, RETURNS);
        },
    );
}

// A crash, a cable, a firewall with a timeout: most connections that are lost do not end in order.
#[test]
fn a_reset_is_an_end_as_well() {
    case("Two calls are pending, the connection is reset", |case| {
        let (mut stream, server) = case.pair();
        // The server does not read this byte, so its close is a reset.
        stream.write_all(b"?").expect("room for one byte");
        let (calls, read, server) = reading_from(case, stream, server);
        let pending = [1, 2].map(|id| calls.begin(id));
        server.reset();
        let advice = "The connection broke: `read_line` returned an error, and not 0 bytes. That is a lost connection \
                      as well, so every pending call gets `Err(Lost)`.";
        expect_lost(case, &pending, advice);
        read.within(PATIENCE, RETURNS);
    });
}

// After such a line it is unknown where the next reply begins.
#[test]
fn what_is_not_a_reply_is_the_end() {
    for line in [&b"hello\n"[..], b"x one\n", b"\n", b"1 \xff\n"] {
        let title = format!(
            "Two calls are pending, the server sends {} and stays",
            line.view()
        );
        case(&title, |case| {
            let (calls, read, mut server) = reading(case);
            let pending = [1, 2].map(|id| calls.begin(id));
            server.send(line);
            let since = Instant::now();
            while !read.has_returned() && since.elapsed() < PATIENCE {
                thread::sleep(PATIENCE / 500);
            }
            let advice = match read.has_returned() {
                true => {
                    "This line is not a reply, and after it the connection is lost: send `Err(Lost)` to every pending \
                     call, whatever ended the loop."
                }
                false => "After this line the connection is lost, and your code reads on.",
            };
            expect_lost(case, &pending, advice);
            read.within(PATIENCE, RETURNS);
            drop(server);
        });
    }
}

// No thread reads for it any more, so no thread would fail it.
#[test]
fn later_calls_fail_at_once() {
    case("A call that begins after the connection is lost", |case| {
        let (calls, read, server) = reading(case);
        let before = calls.begin(3);
        server.close();
        read.within(PATIENCE, RETURNS);
        expect_lost(case, &[before], AT_ONCE);
        let advice = "This call began after the connection was lost, and no thread reads any more. Store in the table \
                      that the connection is lost, and let `begin` look.";
        expect_lost(case, &[3, 4].map(|id| calls.begin(id)), advice);
    });
}

// A call may begin between any two steps of the end. The check tries them all: it decides which thread takes the
// lock next.
#[test]
fn a_call_begins_in_the_middle_of_the_end() {
    let situation = "Call 2 begins while the connection is lost";
    schedules(situation, |case, schedule| {
        let (stream, server) = case.pair();
        let calls = Arc::new(Calls::default());
        let first = calls.begin(1);
        server.close();
        schedule.sends("server", "reader", "the connection ends");
        let (reader, caller) = (Arc::clone(&calls), Arc::clone(&calls));
        let (reads, begins) = (schedule.clone(), schedule.clone());
        let (sender, second) = mpsc::channel();
        let threads: Vec<Thread> = vec![
            (
                "reader",
                Box::new(move || {
                    reader.read_replies(stream);
                    reads.does("reader", "returns");
                }),
            ),
            (
                "caller",
                Box::new(move || {
                    begins.does("caller", "begins call 2");
                    // The receiver waits for this.
                    let _ = sender.send(caller.begin(2));
                }),
            ),
        ];
        schedule.threads(case, threads);
        let second = second.recv().unwrap_or_else(|_| mpsc::channel().1);
        for (id, call) in [(1, first), (2, second)] {
            // Both threads have returned: what is not here now never comes.
            let answer = match call.try_recv() {
                Ok(Err(Lost)) => continue,
                Ok(value) => view(value),
                Err(TryRecvError::Empty) => {
                    "no answer, and no thread that will send one".to_string()
                }
                Err(TryRecvError::Disconnected) => "the channel was closed".to_string(),
            };
            schedule.does("caller", format!("call {id} gets {answer}"));
            let advice = "Failing the entries and storing that the connection is lost must be one step under one lock, \
                          and `begin` must look and insert under that lock as well.";
            case.differ(format!("Lost for call {id}"), answer, advice);
        }
    });
}

// The same with threads that take no turns.
#[test]
fn no_call_slips_through_the_end() {
    const CALLS: u32 = 4000;
    case(
        "Calls begin without a pause while the connection is lost",
        |case| {
            for _ in 0..12 {
                let (calls, read, server) = reading(case);
                let begun = Arc::new(AtomicU32::new(0));
                let (of_thread, count) = (Arc::clone(&calls), Arc::clone(&begun));
                let caller = thread::spawn(move || {
                    let begin = |id| {
                        count.store(id, Ordering::SeqCst);
                        of_thread.begin(id)
                    };
                    (1..=CALLS).map(begin).collect::<Vec<_>>()
                });
                while begun.load(Ordering::SeqCst) < CALLS / 4 && !caller.is_finished() {
                    thread::yield_now();
                }
                server.close();
                let Ok(all) = caller.join() else { break };
                read.within(PATIENCE, RETURNS);
                let silent = all
                    .iter()
                    .filter(|call| matches!(call.try_recv(), Err(TryRecvError::Empty)));
                let silent: Vec<_> = silent.collect();
                if !silent.is_empty() {
                    let answer = format!("{} of {CALLS} calls still wait", silent.len());
                    let advice = "Calls began while the table was being failed, and got no answer. Fail the entries and \
                              store that the connection is lost under one lock, without a gap between the two.";
                    case.differ("Lost for every call", answer, advice);
                }
            }
        },
    );
}

// `1 on` may be the beginning of `1 one`.
#[test]
fn half_a_reply_is_not_a_reply() {
    case("The connection ends in the middle of a reply", |case| {
        let (calls, _read, mut server) = reading(case);
        let pending = [calls.begin(1)];
        server.send("1 on");
        server.finish();
        expect_lost(case, &pending, AT_ONCE);
    });
}
