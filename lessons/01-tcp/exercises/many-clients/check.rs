//! The check of `many-clients`. Every test starts a server of its own.

mod exercise;

use testkit::{On, Peer, case};

const SAME_COUNTER: &str = "The number is wrong: all conversations must share one counter, made \
                            before the loop, and each is counted in before its first answer.";

/// Asks who is here, and returns the answer.
#[track_caller]
fn ask(client: &mut Peer<'_>) -> String {
    client.send("who is here?\n");
    client.read_line(&[])
}

// The belief of this exercise. `accept` returns one connection. Whoever talks in the same thread
// does not stand in `accept`, and client 2 waits in the system's queue.
#[test]
fn a_silent_client_holds_up_nobody() {
    case("Client 1 is connected and silent, client 2 asks", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        case.expect_eq("1 here", &ask(&mut first), SAME_COUNTER);

        let mut second = server.connect();
        second.send("who is here?\n");
        second.expect(
            "2 here\n",
            &[
                On::Silence(
                    "Client 2 waited for silent client 1: while one thread talks to client 1, \
                     nobody stands in `accept` for client 2.",
                ),
                On::Wrong(SAME_COUNTER),
            ],
        );
        case.expect_eq("2 here", &ask(&mut first), SAME_COUNTER);
    });
}

// What one client does is an event in one connection. The server and the other clients go on,
// and whoever broke off is no longer here.
#[test]
fn breaking_off_ends_one_connection() {
    case("Client 1 sends no text, client 2 goes on", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        case.expect_eq("1 here", &ask(&mut first), SAME_COUNTER);
        let mut second = server.connect();
        case.expect_eq("2 here", &ask(&mut second), SAME_COUNTER);

        first.send(b"\xff\xff\n");
        case.expect_soon(
            "1 here",
            "Client 1 is gone and still counted: `talk` ended with an error, and counting out was \
             skipped. Count out first, look at the result afterwards.",
            || ask(&mut second),
        );

        let alone = "One client broke off and the whole server ended: an error of one \
                     conversation is no reason to leave the loop.";
        // Twice: the server may have been in the middle of accepting when the first one broke off.
        for _ in 0..2 {
            let mut later = server.connect_or(&[On::Refused(alone)]);
            later.send("who is here?\n");
            let better = [
                On::Closed(alone),
                On::Silence(alone),
                On::Wrong(SAME_COUNTER),
            ];
            later.expect("2 here\n", &better);
            later.close();
            let advice = "A client that has left is still counted.";
            case.expect_soon("1 here", advice, || ask(&mut second));
        }
    });
}

// Connected is what counts, not "has ever been connected".
#[test]
fn leaving_counts_out() {
    case("Client 1 leaves, client 2 stays", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut first = server.connect();
        ask(&mut first);
        let mut second = server.connect();
        case.expect_eq("2 here", &ask(&mut second), SAME_COUNTER);
        first.finish();
        first.expect_end(&[]);
        case.expect_soon(
            "1 here",
            "Client 1 has left and is still counted. Count out when its conversation ends.",
            || ask(&mut second),
        );
    });
}

// Two threads serve two clients. The third one shows whether "many" was meant.
#[test]
fn ten_at_once() {
    case("Ten clients stay connected, each asks once", |case| {
        let server = case.serve("serve", exercise::serve);
        let mut clients: Vec<Peer<'_>> = Vec::new();
        for number in 1..=10 {
            let mut client = server.connect();
            client.send("who is here?\n");
            client.expect(
                format!("{number} here\n"),
                &[
                    On::Silence(
                        "The clients before this one were served, and now nobody is left to \
                         accept: every connection needs a thread of its own.",
                    ),
                    On::Wrong(SAME_COUNTER),
                ],
            );
            clients.push(client);
        }
    });
}
