//! The check of `in-memory`: your pipe has to do what code over a connection relies on, and cost
//! the system nothing.

mod exercise;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use exercise::{End, pipe};
use testkit::{Case, PATIENCE, case};

/// How many files, sockets among them, this process has open. Linux and macOS list them in a
/// directory. Elsewhere nobody counts, and only the other tests speak.
fn open_files() -> usize {
    fs::read_dir("/dev/fd").map_or(0, Iterator::count)
}

const WAITS: &str = "Your `read` still waits. What the other end wrote, or that it is gone, must \
                     wake it.";

/// One read with room for so many bytes. Gives the end back.
#[track_caller]
fn read(case: &Case, mut end: End, room: usize) -> (End, Vec<u8>) {
    let read = move || {
        let mut buf = vec![0; room];
        let n = end.read(&mut buf);
        (end, n.map(|n| buf[..n].to_vec()))
    };
    let (end, bytes) = case.run_within(PATIENCE, "read", WAITS, read);
    match bytes {
        Ok(bytes) => (end, bytes),
        Err(error) => case.differ(
            "bytes, or 0 for the end",
            format!("Err: {:?}", error.kind()),
            "A connection that was ended in the ordinary way is no error: `read` returns 0.",
        ),
    }
}

#[track_caller]
fn write(case: &Case, end: &mut End, bytes: &str) {
    if let Err(error) = end.write_all(bytes.as_bytes()) {
        let advice = "The other end is still there: it can be written to.";
        case.differ("Ok", format!("Err: {:?}", error.kind()), advice);
    }
}

// A connection is two streams, not one that both share.
#[test]
fn each_direction_is_its_own() {
    case("Both ends write, and then both read", |case| {
        let (mut client, mut server) = pipe();
        write(case, &mut client, "question");
        write(case, &mut server, "answer");
        let advice = "An end reads what the *other* one wrote. Its own words are for the other.";
        let (_client, bytes) = read(case, client, 100);
        case.expect_eq(b"answer", &bytes[..], advice);
        let (_server, bytes) = read(case, server, 100);
        case.expect_eq(b"question", &bytes[..], advice);
    });
}

// The belief of this exercise. Ports are shared by all tests on a machine, they run out, firewalls
// look at them; and the code under test only ever asked for bytes.
#[test]
fn forty_tests_need_no_port() {
    case("40 connections for 40 tests, all of them open", |case| {
        let before = open_files();
        let pipes: Vec<(End, End)> = (0..40).map(|_| pipe()).collect();
        let more = open_files().saturating_sub(before);
        if more > 0 {
            let advice = "40 tests, 40 ports: none is needed. Bytes that never leave the process \
                          can wait in its memory.";
            case.differ(
                "no open file or socket more",
                format!("{more} more"),
                advice,
            );
        }
        drop(pipes);
    });
}

// A reader may have little room. The rest is still owed to it.
#[test]
fn pieces_are_kept() {
    case(
        "`hello` is written, and read with room for 3 bytes",
        |case| {
            let (mut client, server) = pipe();
            write(case, &mut client, "hello");
            let (server, bytes) = read(case, server, 3);
            let advice = "There is room for 3 bytes, and 5 are there.";
            case.expect_eq(b"hel", &bytes[..], advice);
            write(case, &mut client, " again");
            let (_server, bytes) = read(case, server, 2);
            let advice = "What did not fit into the first read is lost. A stream loses nothing: keep \
                      the rest for the next one.";
            case.expect_eq(b"lo", &bytes[..], advice);
        },
    );
}

// 0 bytes is a word of its own, as in lesson 01: finished. Nothing else may say it.
#[test]
fn the_end_is_the_end() {
    case("`bye` is written, and the end dropped", |case| {
        let (mut client, server) = pipe();
        write(case, &mut client, "bye");
        drop(client);
        let (server, bytes) = read(case, server, 100);
        let advice = "The words of somebody who has left are still to be read.";
        case.expect_eq(b"bye", &bytes[..], advice);
        let (server, bytes) = read(case, server, 100);
        let advice = "The other end is gone, and everything was read: 0 bytes.";
        case.expect_eq(b"", &bytes[..], advice);
        let (_, bytes) = read(case, server, 100);
        case.expect_eq(b"", &bytes[..], "The end stays the end.");
    });
}

// A pipe that is empty is not one that has ended.
#[test]
fn waiting_is_not_the_end() {
    for (situation, empty_write) in [
        ("Nothing has been written yet", false),
        ("Nothing was written: a write of 0 bytes", true),
    ] {
        case(situation, |case| {
            let (mut client, mut server) = pipe();
            if empty_write {
                // `write_all` would not even call `write` for this.
                let _ = client.write(b"");
            }
            let reading = case.start("read", move || {
                let mut buf = [0; 10];
                server.read(&mut buf).map(|n| buf[..n].to_vec())
            });
            std::thread::sleep(Duration::from_millis(15));
            if reading.has_returned() {
                let advice = "Your `read` came back before there was anything to read. 0 bytes \
                              would mean that the other end is gone: wait.";
                case.differ("a read that waits", "a read that has returned", advice);
            }
            write(case, &mut client, "now");
            let bytes = reading.within(PATIENCE, WAITS).unwrap_or_default();
            case.expect_eq(b"now", &bytes[..], "The read gets what was written then.");
        });
    }
}

// Code that stops writing when its peer has gone can only be tested if the pipe tells it.
#[test]
fn writing_to_nobody_is_an_error() {
    case("The other end has been dropped", |case| {
        let (mut client, server) = pipe();
        drop(server);
        let written = client.write(b"anybody?");
        let advice = "Nobody will ever read this. Over a socket the writer would hear of it: \
                      `BrokenPipe`.";
        case.expect_error(ErrorKind::BrokenPipe, &written, advice);
    });
}
