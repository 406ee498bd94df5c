//! Stage 11: one of three instances of a neighbour is dead, sick or slow. What is safe to repeat does not fail, and
//! what is not safe happens once at most.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::hello::SAY_HELLO;
use super::{call, explained};
use crate::consul::{Agent, within};
use crate::grpc::{Connection, Reply, failure, text};
use crate::order::Order;
use crate::service::{Service, World};
use crate::told::{Belief, Failure};

/// The service knows all instances within this time.
const NEWS: Duration = Duration::from_millis(2500);
/// A call has its reply within this time, whatever one instance does.
const SOON: Duration = Duration::from_millis(1200);
/// So long a slow instance holds a connection.
const HOLDS: Duration = Duration::from_secs(3);
/// Calls at the same time, in each situation.
const CALLS: usize = 6;

const DEAD: Belief = &(
    "listed-is-alive",
    "Consul lists a dead instance as healthy until its next check. A refused connection has cost nothing: ask another \
     instance.",
);
const SICK: Belief = &(
    "accepted-is-answered",
    "An instance can accept a connection and fail after that. To read a motto twice does no harm: ask another instance.",
);
const SLOW: Belief = &(
    "the-reply-always-comes",
    "Give each attempt a limit, for example 300 ms, and ask another instance after it.",
);
const REPEATS: Belief = &(
    "an-error-means-nothing-happened",
    "After the line was sent, the ticket may have been taken. Without a reply the call is UNAVAILABLE. Repeat it only \
     where the connection was refused.",
);
const GIVES_UP: Belief = &(
    "unsafe-is-never-repeated",
    "The connection was refused, so no line was sent and no ticket was taken: ask another instance.",
);
const WRONG_CODE: Belief = &(
    "a-lost-reply-is-an-internal-error",
    "A call without a reply from the neighbour is UNAVAILABLE, or DEADLINE_EXCEEDED after a limit. INTERNAL and UNKNOWN \
     say that your own service has a fault.",
);

/// What an instance does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Good,
    /// Its port is closed.
    Dead,
    /// It closes without a reply; a ticket is taken before that.
    Sick,
    /// It does not reply; a ticket is taken before that.
    Slow,
}

const MODES: [Mode; 4] = [Mode::Good, Mode::Dead, Mode::Sick, Mode::Slow];

impl Mode {
    fn words(self) -> &'static str {
        match self {
            Mode::Good => "is good",
            Mode::Dead => "is dead: its port is closed",
            Mode::Sick => "is sick: it accepts, and closes without a reply",
            Mode::Slow => "is slow: it accepts, and sends nothing",
        }
    }

    fn belief(self) -> Option<Belief> {
        match self {
            Mode::Good => None,
            Mode::Dead => Some(DEAD),
            Mode::Sick => Some(SICK),
            Mode::Slow => Some(SLOW),
        }
    }
}

/// One instance, and what it has done.
struct Instance {
    at: SocketAddr,
    mode: AtomicU8,
    /// Whether its port is closed now.
    closed: AtomicU8,
    /// Tickets that were taken.
    taken: AtomicUsize,
}

impl Instance {
    /// An instance of `motto`, or of `ticket`. It ends with the judge, which is a process of its own.
    fn start(tickets: bool) -> std::io::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let instance = Arc::new(Self {
            at: listener.local_addr()?,
            mode: AtomicU8::new(0),
            closed: AtomicU8::new(0),
            taken: AtomicUsize::new(0),
        });
        let runs = Arc::clone(&instance);
        thread::spawn(move || runs.run(listener, tickets));
        Ok(instance)
    }

    fn mode(&self) -> Mode {
        MODES[usize::from(self.mode.load(Ordering::SeqCst))]
    }

    /// Changes what it does, and waits until that is so.
    fn set(&self, mode: Mode) {
        let number = MODES.iter().position(|each| *each == mode);
        let number = number.and_then(|n| u8::try_from(n).ok());
        self.mode
            .store(number.unwrap_or_default(), Ordering::SeqCst);
        let wanted = u8::from(mode == Mode::Dead);
        within(Duration::from_secs(1), || {
            (self.closed.load(Ordering::SeqCst) == wanted).then_some(())
        });
    }

    fn run(self: Arc<Self>, listener: TcpListener, tickets: bool) {
        let mut listener = Some(listener);
        loop {
            if self.mode() == Mode::Dead {
                listener = None;
            } else if listener.is_none() {
                listener = TcpListener::bind(self.at).ok();
            }
            self.closed
                .store(u8::from(listener.is_none()), Ordering::SeqCst);
            let accepted = listener.as_ref().and_then(|listener| {
                listener.set_nonblocking(true).ok()?;
                listener.accept().ok()
            });
            match accepted {
                Some((stream, _)) => {
                    let instance = Arc::clone(&self);
                    thread::spawn(move || instance.serve(&stream, tickets));
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn serve(&self, mut stream: &TcpStream, tickets: bool) {
        let mode = self.mode();
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_read_timeout(Some(HOLDS));
        let mut reply = "wisdom".to_owned();
        if tickets {
            let mut line = String::new();
            let read = BufReader::new(stream).read_line(&mut line);
            if read.is_err() || line != "take\n" {
                return;
            }
            let number = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
            reply = format!("{}-{number}", self.at.port());
        }
        match mode {
            Mode::Good => drop(writeln!(stream, "{reply}")),
            // Until the other side closes, or for HOLDS.
            Mode::Slow => drop(BufReader::new(stream).read_line(&mut reply)),
            Mode::Sick | Mode::Dead => {}
        }
    }
}

/// Judges stage 11.
pub fn judge(order: &Order, world: World) -> Result<(), Failure> {
    let (consul, grpc) = (world.consul, world.grpc);
    let agent = Agent::start(consul)?;
    let mottos = three(&agent, "motto")?;
    let tickets = three(&agent, "ticket")?;
    let mut service = Service::start(order, world, "GRPC_ADDR", grpc)?;
    let judged = repeats(grpc, &mottos).and_then(|()| takes_once(grpc, &tickets));
    judged.map_err(|failure| explained(&mut service, failure))
}

/// Three instances of `name`, all of them healthy for Consul, whatever they do.
fn three(agent: &Agent, name: &str) -> Result<Vec<Arc<Instance>>, Failure> {
    let mut started = Vec::new();
    for number in 1..=3 {
        let instance = Instance::start(name == "ticket").map_err(|e| {
            Failure::new("The judge takes free ports", "it can", e.to_string(), None)
        })?;
        let (ip, port) = (instance.at.ip(), instance.at.port());
        let body = format!(
            r#"{{"Name": "{name}", "ID": "{name}-{number}", "Address": "{ip}", "Port": {port},
                "Check": {{"TTL": "10m", "Status": "passing"}}}}"#
        );
        agent.put("/v1/agent/service/register", &body);
        started.push(instance);
    }
    Ok(started)
}

/// A motto may be read again: no call fails.
fn repeats(grpc: SocketAddr, instances: &[Arc<Instance>]) -> Result<(), Failure> {
    let started = Instant::now();
    while started.elapsed() < NEWS && greeted(&at_once(grpc, "motto", 1)?) == 0 {
        thread::sleep(Duration::from_millis(30));
    }
    for mode in MODES {
        // The first and the last of the list: a service that always takes one of them meets it.
        for bad in [0, 2] {
            instances[bad].set(mode);
            let replies = at_once(grpc, "motto", CALLS)?;
            instances[bad].set(Mode::Good);
            if let Some((reply, took)) = replies.iter().find(|(reply, took)| {
                reply.greeting().as_deref() != Some("hello wisdom") || *took > SOON
            }) {
                let situation = format!(
                    "One of three instances of \"motto\" {}; {CALLS} calls at once of SayHello(name: \"motto\")",
                    mode.words()
                );
                let expected = format!(
                    "OK, \"hello wisdom\", {CALLS} times, each within {} ms",
                    SOON.as_millis()
                );
                let mut told = failure(
                    &situation,
                    "SayHello(name: \"motto\")",
                    &expected,
                    reply,
                    mode.belief(),
                );
                told.happened = format!(
                    "{} of {CALLS} were greeted; one of the others: {} after {} ms",
                    greeted(&replies),
                    reply.words(),
                    took.as_millis()
                );
                return Err(told);
            }
        }
    }
    Ok(())
}

/// A ticket is taken once for each call at most.
fn takes_once(grpc: SocketAddr, instances: &[Arc<Instance>]) -> Result<(), Failure> {
    let taken = || -> usize {
        let each = instances.iter().map(|one| one.taken.load(Ordering::SeqCst));
        each.sum()
    };
    let mut seen = HashSet::new();
    for mode in MODES {
        for bad in [0, 2] {
            let before = taken();
            instances[bad].set(mode);
            let replies = at_once(grpc, "ticket", CALLS)?;
            instances[bad].set(Mode::Good);
            let situation = format!(
                "One of three instances of \"ticket\" {}; {CALLS} calls at once of SayHello(name: \"ticket\")",
                mode.words()
            );
            let told = |expected: &str, reply: &Reply, belief| {
                let call = "SayHello(name: \"ticket\")";
                failure(&situation, call, expected, reply, belief)
            };
            for (reply, took) in &replies {
                let good = reply.status == Some(0);
                if !good && matches!(mode, Mode::Good | Mode::Dead) {
                    let belief = (mode == Mode::Dead).then_some(GIVES_UP);
                    return Err(told("OK, \"hello TICKET\", each time", reply, belief));
                }
                if !good && !matches!(reply.status, Some(4 | 14)) {
                    let belief = reply.status.is_some().then_some(WRONG_CODE);
                    let expected = "OK, or UNAVAILABLE where the reply of the instance is missing";
                    return Err(told(expected, reply, belief));
                }
                if *took > SOON {
                    let expected = format!("a status within {} ms", SOON.as_millis());
                    let mut told = told(&expected, reply, Some(SLOW));
                    told.happened = format!("{} after {} ms", reply.words(), took.as_millis());
                    return Err(told);
                }
                if good && !seen.insert(reply.greeting()) {
                    let expected = "a ticket that no other call has got";
                    return Err(told(expected, reply, None));
                }
            }
            let taken = taken() - before;
            if taken > CALLS {
                let expected = format!("{CALLS} tickets are taken at most, one for each call");
                let happened = format!("{taken} tickets were taken");
                return Err(Failure::new(&situation, expected, happened, Some(REPEATS)));
            }
        }
    }
    Ok(())
}

fn greeted(replies: &[(Reply, Duration)]) -> usize {
    let good = replies.iter().filter(|(reply, _)| reply.status == Some(0));
    good.count()
}

/// So many calls at the same time, each on a connection of its own: the replies, and how long each took.
fn at_once(grpc: SocketAddr, name: &str, count: usize) -> Result<Vec<(Reply, Duration)>, Failure> {
    let mut replies = Vec::new();
    call(async {
        let mut calls = Vec::new();
        for _ in 0..count {
            let (connection, name) = (Connection::open(grpc).await?, text(1, name));
            calls.push(tokio::spawn(async move {
                let started = Instant::now();
                let reply = connection.call(SAY_HELLO, &name, None).await;
                (reply, started.elapsed())
            }));
        }
        for one in calls {
            replies.extend(one.await);
        }
        Ok(())
    })?;
    Ok(replies)
}
