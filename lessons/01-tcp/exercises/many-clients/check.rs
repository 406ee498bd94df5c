//! The check of `many-clients`. Every test starts a server of its own.

mod exercise;
mod given;

use testkit::{Case, On, Peer, case};

const BLOCKED: &str = "No answer for client 2: it waited for silent client 1. While the thread of `serve` \
                       talks to client 1, or waits for the thread that does, it does not call `accept`.";

/// What a wrong number means.
fn wrong(expected: usize, line: &str) -> &'static str {
    let number = line.strip_suffix(" here").and_then(|n| n.parse().ok());
    match number {
        None => "This is not what `talk` answers. Let `talk` do the talking.",
        Some(0) => "`talk` began before this client was counted. Add 1 before `talk`.",
        Some(number) if number < expected => {
            "The number is too small: all conversations must share one counter, made before the \
             loop, and a client is subtracted only after its `talk` has ended."
        }
        Some(_) => {
            "The number is too large: a client was counted twice, or one that has left is still \
             counted."
        }
    }
}

/// Sends a line and returns the answer.
#[track_caller]
fn ask(client: &mut Peer<'_>, better: &[On]) -> String {
    client.send("who is here?\n");
    client.read_line(better)
}

/// Fails unless this client is told that so many are here.
#[track_caller]
fn expect(case: &Case, expected: usize, client: &mut Peer<'_>, better: &[On]) {
    let line = ask(client, better);
    case.expect_eq(&format!("{expected} here"), &line, wrong(expected, &line));
}

// The belief of this exercise. `accept` returns one connection. A thread that talks to client 1 does not
// call `accept`, and client 2 waits in the system's queue.
#[test]
fn a_silent_client_blocks_no_other() {
    case("Client 1 is connected and silent, client 2 asks", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        expect(case, 1, &mut first, &[]);
        let mut second = server.connect();
        expect(case, 2, &mut second, &[On::Silence(BLOCKED)]);
        expect(case, 2, &mut first, &[]);
    });
}

// The number is that of the clients that are connected, not of all that ever were.
#[test]
fn leaving_counts_out() {
    case("Clients 1 and 2 are connected, client 1 leaves", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        expect(case, 1, &mut first, &[]);
        let mut second = server.connect();
        expect(case, 2, &mut second, &[On::Silence(BLOCKED)]);
        first.finish();
        first.expect_end(&[]);
        case.expect_soon(
            "1 here",
            "Client 1 has left and is still counted. Subtract 1 when its `talk` has ended.",
            || ask(&mut second, &[]),
        );
    });
}

// What one client does is an event in one connection. The server and the other clients go on,
// and a client whose connection broke is no longer here.
#[test]
fn one_error_ends_one_connection() {
    case("Client 1 sends bytes that are not text", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        expect(case, 1, &mut first, &[]);
        let mut second = server.connect();
        expect(case, 2, &mut second, &[On::Silence(BLOCKED)]);

        first.send(b"\xff\xff\n");
        let alone = "Client 1 had an error, and after it this client was not served: the whole \
                     server ended. An error of one conversation must not leave the loop.";
        case.expect_soon(
            "1 here",
            "Client 1 is gone and still counted: `talk` ended with an error, and subtracting was \
             skipped. Subtract first, look at the result afterwards.",
            || ask(&mut second, &[On::Closed(alone), On::Silence(alone)]),
        );

        // Twice: the server may have been in the middle of accepting when the first one failed.
        for _ in 0..2 {
            let mut later = server.connect_or(&[On::Refused(alone)]);
            let better = [On::Closed(alone), On::Silence(alone)];
            expect(case, 2, &mut later, &better);
            later.close();
            let advice = "A client that has left is still counted.";
            case.expect_soon("1 here", advice, || ask(&mut second, &[]));
        }
    });
}

// Two threads serve two clients. More clients show whether there is a limit.
#[test]
fn twenty_three_at_once() {
    case("23 clients stay connected, each asks once", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut clients: Vec<Peer<'_>> = Vec::new();
        for number in 1..=23 {
            let mut client = server.connect();
            let better = [On::Silence(
                "The clients before this one were answered, and this one was not: the number of \
                 threads is limited. Give every connection a thread of its own.",
            )];
            expect(case, number, &mut client, &better);
            clients.push(client);
        }
    });
}
