//! The check of `in-memory`: the ends must do what code over a connection relies on, and use nothing of the system.

mod exercise;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use exercise::{End, pipe};
use testkit::{Case, PATIENCE, Running, View, case};

/// How many files this process has open; a socket is one. Linux and macOS list them in a directory. Elsewhere they
/// are not counted, and the other tests decide.
fn open_files() -> usize {
    fs::read_dir("/dev/fd").map_or(0, Iterator::count)
}

/// Starts one read with space for so many bytes. It gives the end back.
fn reading(case: &Case, mut end: End, room: usize) -> Running<'_, (End, std::io::Result<Vec<u8>>)> {
    case.start("read", move || {
        let mut buf = vec![0; room];
        let n = end.read(&mut buf);
        (end, n.map(|n| buf[..n].to_vec()))
    })
}

/// What a read returned: the bytes, of which 0 mean the end.
#[track_caller]
fn returned(
    case: &Case,
    running: Running<'_, (End, std::io::Result<Vec<u8>>)>,
    late: &str,
) -> (End, Vec<u8>) {
    let (end, bytes) = running.within(PATIENCE, late);
    match bytes {
        Ok(bytes) => (end, bytes),
        Err(error) => case.differ(
            "bytes, or 0 for the end",
            error.view(),
            "`read` returned an error. The other end was dropped without a fault, and that is 0 bytes.",
        ),
    }
}

#[track_caller]
fn read(case: &Case, end: End, room: usize) -> (End, Vec<u8>) {
    let late =
        "Bytes of the other end wait to be read, or it was dropped, and `read` did not return.";
    returned(case, reading(case, end, room), late)
}

#[track_caller]
fn write(case: &Case, end: &mut End, bytes: &str) {
    if let Err(error) = end.write_all(bytes.as_bytes()) {
        let advice = "The other end has not been dropped, so it can be written to.";
        case.differ("Ok", error.view(), advice);
    }
}

// A connection is two streams, one for each direction.
#[test]
fn a_direction_has_its_own_bytes() {
    case("Both ends write, and then both read", |case| {
        let (mut client, mut server) = pipe();
        write(case, &mut client, "question");
        write(case, &mut server, "answer");
        let (_client, bytes) = read(case, client, 100);
        let advice = match bytes.is_empty() {
            true => {
                "The other end has written `answer` and is still there, so there are bytes to read."
            }
            false => {
                "The end that wrote `question` must read `answer`, the bytes of the *other* end."
            }
        };
        case.expect_eq(b"answer", &bytes[..], advice);
        let advice =
            "The end that wrote `answer` must read `question`, the bytes of the *other* end.";
        let (_server, bytes) = read(case, server, 100);
        case.expect_eq(b"question", &bytes[..], advice);
    });
}

// A read may have less space than there are bytes. The rest stays for the next one.
#[test]
fn b_rest_of_a_piece_is_kept() {
    case(
        "`hello` is written and read with space for 3 bytes, then ` again` is written",
        |case| {
            let (mut client, server) = pipe();
            write(case, &mut client, "hello");
            let (server, first) = read(case, server, 3);
            let advice = "There was space for 3 bytes, and 5 were there.";
            case.expect_eq(b"hel", &first[..], advice);
            write(case, &mut client, " again");
            drop(client);
            let (mut server, mut all) = (server, first);
            // Pieces of any size will do, as on a TCP stream.
            loop {
                let (end, bytes) = read(case, server, 4);
                if bytes.is_empty() {
                    break;
                }
                all.extend(bytes);
                server = end;
            }
            let advice = "The bytes that did not fit into the first read are lost, or come in another order. A stream \
                      loses nothing: keep the rest for the next read.";
            case.expect_eq(b"hello again", &all[..], advice);
        },
    );
}

// 0 bytes mean that the other end has finished, as in lesson 01.
#[test]
fn c_end_comes_after_the_last_byte() {
    case("`bye` is written, and the end is dropped", |case| {
        let (mut client, server) = pipe();
        write(case, &mut client, "bye");
        drop(client);
        let (server, bytes) = read(case, server, 100);
        let advice = "These bytes were written before the end was dropped, so they are still read.";
        case.expect_eq(b"bye", &bytes[..], advice);
        let (server, bytes) = read(case, server, 100);
        let advice = "The other end was dropped, and all of its bytes were read: 0 bytes.";
        case.expect_eq(b"", &bytes[..], advice);
        let (_, bytes) = read(case, server, 100);
        case.expect_eq(b"", &bytes[..], "The end stays the end.");
    });
}

// An empty queue is not the end.
#[test]
fn d_read_waits_for_bytes() {
    for (situation, empty_write) in [
        ("Nothing has been written yet", false),
        ("A write of 0 bytes, and nothing else", true),
    ] {
        case(situation, |case| {
            let (mut client, server) = pipe();
            if empty_write {
                // `write_all` would not even call `write` for this.
                let _ = client.write(b"");
            }
            let running = reading(case, server, 10);
            thread::sleep(Duration::from_millis(15));
            if running.has_returned() {
                let advice = if empty_write {
                    "Your `read` returned after a write of 0 bytes. A read of 0 bytes means that the other end was \
                     dropped, so an empty write must not cause one."
                } else {
                    "Your `read` returned before anything was written. A read of 0 bytes means that the other end was \
                     dropped: wait."
                };
                case.differ("a read that waits", "a read that has returned", advice);
            }
            write(case, &mut client, "now");
            let late = "`now` was written, and the read that waited for it did not return.";
            let (_server, bytes) = returned(case, running, late);
            let advice = "The read returns what was written while it waited.";
            case.expect_eq(b"now", &bytes[..], advice);
        });
    }
}

// The other end may be dropped while a read waits: a client that waits for a reply of a server that crashes.
#[test]
fn e_drop_wakes_a_read_that_waits() {
    case("A read waits, and then the other end is dropped", |case| {
        let (client, server) = pipe();
        let running = reading(case, server, 10);
        thread::sleep(Duration::from_millis(15));
        drop(client);
        let late = "The other end was dropped while your `read` waited, and the read did not return. Dropping an end \
                    must wake the other one.";
        let (_, bytes) = returned(case, running, late);
        case.expect_eq(b"", &bytes[..], "The other end was dropped: 0 bytes.");
    });
}

// The belief of this exercise. Ports are shared by all tests on a machine; the code only needs a stream of bytes.
#[test]
fn f_connections_need_no_port() {
    case("40 connections for 40 tests, all of them open", |case| {
        let before = open_files();
        let pipes: Vec<(End, End)> = (0..40).map(|_| pipe()).collect();
        let more = open_files().saturating_sub(before);
        drop(pipes);
        if more > 0 {
            let advice = "40 connections opened files or sockets of the system, and none is needed: bytes that never \
                          leave the process can wait in its memory.";
            case.differ("0 files and sockets more", format!("{more} more"), advice);
        }
    });
}

// Code that stops when its peer is gone can only be tested if the connection reports it.
#[test]
fn g_write_without_a_reader_fails() {
    case("The other end has been dropped", |case| {
        let (mut client, server) = pipe();
        drop(server);
        let written = client.write(b"hello?");
        let advice = "The other end was dropped, so these bytes can never be read. A socket reports `BrokenPipe`, and \
                      this connection must as well.";
        case.expect_error(ErrorKind::BrokenPipe, &written, advice);
    });
}
