//! Stage 2: many connections at once, with limits for their number, their lines and their time.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, Got};
use crate::service::Service;
use crate::told::{Belief, Failure};

/// The longest name that is greeted, in bytes.
const LONGEST: usize = 1024;
/// What kernel and service may hold back of a client that does not read.
const UNREAD: usize = 40 << 20;

const ONE_AFTER_THE_OTHER: Belief = &(
    "one-connection-at-a-time",
    "A silent client must not delay the others. Serve each connection in a thread or task of its own.",
);
const UNBOUNDED: Belief = &(
    "replies-wait-without-a-limit",
    "Do not read the next request before the reply is written. A client that does not read is then slowed \
     down by TCP, and the memory of the service stays bounded.",
);
const NO_LINE_LIMIT: Belief = &(
    "a-line-may-be-any-length",
    "A client decides how long a line is. Without a limit of 1024 bytes it also decides how much memory you use.",
);
const LIMIT_TOO_SMALL: Belief = &(
    "the-limit-itself-is-too-long",
    "The limit is the longest name that is allowed: 1024 bytes without the newline are greeted, 1025 are not.",
);
const NO_TIMEOUT: Belief = &(
    "a-silent-client-goes-by-itself",
    "A client can be silent without limit, and its connection counts. Close it when no line has arrived for \
     LINE_TIMEOUT_MS.",
);
const EACH_READ: Belief = &(
    "the-timeout-is-for-each-read",
    "A timeout for each read begins again with each byte. The deadline is for the whole line.",
);
const TOO_EARLY: Belief = &(
    "slow-is-silent",
    "A line may take LINE_TIMEOUT_MS. A client that is slow and in time is served.",
);
const NO_CONNECTION_LIMIT: Belief = &(
    "accept-all",
    "Count the connections. One above MAX_CONNECTIONS gets the line \"error: busy\" and is closed.",
);
const ONE_TOO_FEW: Belief = &(
    "the-limit-itself-is-too-many",
    "MAX_CONNECTIONS connections are served. Only one more gets \"error: busy\": look at `<` and `<=` where you compare.",
);
const NEVER_FREED: Belief = &(
    "a-closed-connection-still-counts",
    "Give the place of a connection back whenever it ends: at the end of the stream, after an error, after a timeout.",
);

fn other(_: &Got) -> Option<Belief> {
    None
}

/// Judges stage 2.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    let at = service.world.tcp;
    long_lines(at)?;
    hundred(at)?;
    does_not_read(at)?;
    limit(at, service.world.most)?;
    slow_and_silent(at, service.world.line)
}

fn hundred(at: SocketAddr) -> Result<(), Failure> {
    let situation = "100 clients send a name at once; 12 other clients are connected and silent";
    let silent: Vec<Client> = (0..12)
        .map(|_| Client::connect(at, situation))
        .collect::<Result<_, _>>()?;
    let clients: Vec<_> = (0..100)
        .map(|n| {
            thread::spawn(move || {
                let mut client = Client::connect(at, situation)?;
                client.send(format!("client {n}\n"));
                client.expect(&format!("hello client {n}"), |got| {
                    matches!(got, Got::Silence(_)).then_some(ONE_AFTER_THE_OTHER)
                })
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap_or(Ok(()))?;
    }
    drop(silent);
    Ok(())
}

fn long_lines(at: SocketAddr) -> Result<(), Failure> {
    let mut longest = Client::connect(at, "A name of 1024 bytes")?;
    let name = "x".repeat(LONGEST);
    longest
        .send(format!("{name}\n"))
        .expect(&format!("hello {name}"), |got| match got {
            Got::Line(line) if line.starts_with(b"error") => Some(LIMIT_TOO_SMALL),
            _ => None,
        })?;
    let no_limit = |got: &Got| match got {
        Got::Line(line) if line.starts_with(b"hello") => Some(NO_LINE_LIMIT),
        Got::Silence(_) => Some(NO_LINE_LIMIT),
        _ => None,
    };
    let mut longer = Client::connect(at, "A name of 1025 bytes")?;
    longer
        .send(format!("{name}x\n"))
        .expect("error: line too long", no_limit)?;
    longer.expect_end(Duration::from_millis(800), other)?;
    let mut endless = Client::connect(at, "2000 bytes arrive, and no newline")?;
    endless
        .send("y".repeat(2000))
        .expect("error: line too long", no_limit)?;
    Ok(())
}

fn does_not_read(at: SocketAddr) -> Result<(), Failure> {
    let situation = "A client sends names without a pause and reads no reply";
    let mut rude = Client::connect(at, situation)?;
    let lines = format!("{}\n", "z".repeat(999)).repeat(64);
    let stream = rude.stream();
    let _ = stream.set_nonblocking(true);
    let (mut sent, mut last) = (0, Instant::now());
    while sent < UNREAD && last.elapsed() < Duration::from_millis(250) {
        match stream.write(&lines.as_bytes()[sent % lines.len()..]) {
            Ok(count) => {
                sent += count;
                last = Instant::now();
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    if sent >= UNREAD {
        let happened = format!(
            "accepted {} MB of names, and kept the replies to them",
            sent >> 20
        );
        let expected = "stops reading when its replies are not read";
        return Err(rude.failure(expected, &happened, Some(UNBOUNDED)));
    }
    let mut polite = Client::connect(
        at,
        "Another client does not read its replies; this one does",
    )?;
    polite.send("Ali\n").expect("hello Ali", |got| {
        matches!(got, Got::Silence(_)).then_some(ONE_AFTER_THE_OTHER)
    })
}

fn limit(at: SocketAddr, most: usize) -> Result<(), Failure> {
    // The places of earlier clients are free when their connections have ended: that is given a moment, shorter than
    // LINE_TIMEOUT_MS, which frees places as well.
    let situation = format!("{most} clients are connected, as many as MAX_CONNECTIONS says");
    let mut all = Vec::new();
    let until = Instant::now() + Duration::from_millis(600);
    while all.len() < most {
        let mut client = Client::connect(at, &situation)?;
        client.send("Ali\n");
        match client.line(Duration::from_secs(1)) {
            Got::Line(line) if line == b"hello Ali" => all.push(client),
            got => {
                if Instant::now() < until && got == Got::Line(b"error: busy".to_vec()) {
                    thread::sleep(Duration::from_millis(20));
                    continue;
                }
                let happened = format!(
                    "client {}: {}",
                    all.len() + 1,
                    got.words(Duration::from_secs(1))
                );
                let last = all.len() + 1 == most;
                let belief = (got == Got::Line(b"error: busy".to_vec())).then_some(if last {
                    ONE_TOO_FEW
                } else {
                    NEVER_FREED
                });
                return Err(client.failure("greets each of them", &happened, belief));
            }
        }
    }
    let mut more = Client::connect(at, &format!("{most} clients are connected; one more comes"))?;
    more.limit = Duration::from_millis(600);
    more.expect("error: busy", |got| {
        matches!(got, Got::Silence(_)).then_some(NO_CONNECTION_LIMIT)
    })?;
    more.expect_end(Duration::from_millis(800), other)?;
    all.truncate(most - 5);
    thread::sleep(Duration::from_millis(150));
    let mut next = Client::connect(at, "Five of the clients have left; a new one comes")?;
    next.send("Bo\n").expect("hello Bo", |got| {
        (*got == Got::Line(b"error: busy".to_vec())).then_some(NEVER_FREED)
    })
}

fn slow_and_silent(at: SocketAddr, line: Duration) -> Result<(), Failure> {
    let late = line + Duration::from_millis(700);
    let ms = line.as_millis();
    let slow = thread::spawn(move || {
        let mut client = Client::connect(
            at,
            &format!("A slow client sends a byte each 50 ms; LINE_TIMEOUT_MS is {ms}"),
        )?;
        for byte in b"Slow Ali\n" {
            client.send([*byte]);
            thread::sleep(Duration::from_millis(50));
        }
        client.expect("hello Slow Ali", |got| {
            matches!(got, Got::Closed(_) | Got::Line(_)).then_some(TOO_EARLY)
        })
    });
    let silent = thread::spawn(move || {
        let mut client =
            Client::connect(at, &format!("A client is silent; LINE_TIMEOUT_MS is {ms}"))?;
        let started = Instant::now();
        client.expect_end(late, |got| {
            matches!(got, Got::Silence(_)).then_some(NO_TIMEOUT)
        })?;
        if started.elapsed() < line / 2 {
            let happened = format!("closed it after {} ms", started.elapsed().as_millis());
            return Err(client.failure(&format!("waits {ms} ms"), &happened, Some(TOO_EARLY)));
        }
        Ok(())
    });
    let dripping = thread::spawn(move || {
        let situation = format!("A byte each 100 ms, and never a newline; LINE_TIMEOUT_MS is {ms}");
        let mut client = Client::connect(at, &situation)?;
        let started = Instant::now();
        while started.elapsed() < late {
            client.send("a");
            if let Got::Closed(_) = client.line(Duration::from_millis(100)) {
                return Ok(());
            }
        }
        let happened = format!("the connection is open after {} ms", late.as_millis());
        let expected = format!("closes the connection about {ms} ms after its begin");
        Err(client.failure(&expected, &happened, Some(EACH_READ)))
    });
    for client in [slow, silent, dripping] {
        client.join().unwrap_or(Ok(()))?;
    }
    Ok(())
}
