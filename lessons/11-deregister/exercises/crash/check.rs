//! The check of `crash`. The server is a process of its own: this program once more, in the part called
//! `the_printer`. So it can be killed with SIGKILL. Consul is the agent of lesson 08 with a driven clock: a minute
//! takes a millisecond.

mod exercise;
mod given;

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use exercise::{Consul, Server, run};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::Value;
use services::testkit::{Case, PATIENCE, View, case};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const SECOND: Duration = Duration::from_secs(1);
/// The process of the server finds the address of Consul in this variable.
const CONSUL: &str = "WORKBOOK_PRINTER_OF";

/// One request to Consul, and its answer.
fn ask(consul: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&consul, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_string()),
        Some((_, words)) => Err(io::Error::other(format!("Consul says: {words}"))),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Consul for the learner's program, over HTTP.
struct Over(SocketAddr);

impl Consul for Over {
    async fn register(&self, definition: Value) -> io::Result<()> {
        let path = "/v1/agent/service/register";
        ask(self.0, "PUT", path, &definition.to_string()).map(drop)
    }

    async fn deregister(&self, id: &str) -> io::Result<()> {
        let path = format!("/v1/agent/service/deregister/{id}");
        ask(self.0, "PUT", &path, "").map(drop)
    }
}

/// A server that reports each connection to the check, and that can break.
struct ThePrinter {
    listener: TcpListener,
    broken: tokio::sync::Notify,
}

impl Server for ThePrinter {
    fn addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound listener")
    }

    async fn work(&self) -> io::Error {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(_) => say("connection"),
                    Err(error) => return error,
                },
                () = self.broken.notified() => return io::Error::other("out of paper"),
            }
        }
    }
}

/// What the harness prints stands on the same standard output.
fn say(words: &str) {
    let mut out = io::stdout().lock();
    // If the check has ended, no process reads this.
    let _ = writeln!(out, "\nprinter: {words}").and_then(|()| out.flush());
}

// Not a check: the process that the checks start. It ends with its standard input.
#[test]
fn the_printer() {
    let Ok(consul) = std::env::var(CONSUL) else {
        return;
    };
    let consul = Over(consul.parse().expect("an address"));
    let runtime = Runtime::new().expect("a runtime");
    let printer = Arc::new(ThePrinter {
        listener: (runtime.block_on(TcpListener::bind("127.0.0.1:0"))).expect("a free port"),
        broken: tokio::sync::Notify::new(),
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let of_stdin = Arc::clone(&printer);
    thread::spawn(move || {
        let mut stop = Some(stop);
        for word in io::stdin().lines().map_while(Result::ok) {
            match word.as_str() {
                "break" => of_stdin.broken.notify_one(),
                _ => drop(stop.take()),
            }
        }
        // The check has ended.
        std::process::exit(3);
    });
    let ended = runtime.block_on(run(&consul, &*printer, "printer-1", async {
        // `stop` is dropped when it is time.
        let _ = stopped.await;
    }));
    let words = match ended {
        Ok(()) => "ended".to_string(),
        Err(error) => format!("ended: {error}"),
    };
    say(&words);
    // The harness prints no report of its own.
    std::process::exit(0);
}

/// Consul, and a way to wait for it from a check.
struct Registry {
    runtime: Runtime,
    agent: Agent,
}

impl Registry {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = runtime.block_on(Agent::start(config));
        let agent = agent.expect("an agent on a free port");
        Registry { runtime, agent }
    }

    /// Consul's clock moves on.
    fn pass(&self, time: Duration) {
        self.runtime.block_on(self.agent.clock().advance(time));
    }

    /// What Consul says about printers: all entries, or those of healthy ones.
    fn printers(&self, which: &str) -> Vec<Value> {
        let path = format!("/v1/health/service/printer{which}");
        let answer = ask(self.agent.address(), "GET", &path, "").expect("our own agent");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer.as_array().cloned().unwrap_or_default()
    }

    fn healthy(&self) -> usize {
        self.printers("?passing").len()
    }
}

/// The process of the server.
struct Process<'c> {
    case: &'c Case,
    child: Child,
    connections: Arc<AtomicUsize>,
    /// So many of them were counted at the last question.
    seen: Cell<usize>,
    ended: std::sync::mpsc::Receiver<String>,
}

impl<'c> Process<'c> {
    /// Starts it, and returns when it is registered.
    fn start(case: &'c Case, registry: &Registry) -> Self {
        // By its path behind the name of the crate: `verify` has this check in a module.
        let printer = concat!(module_path!(), "::the_printer");
        let (_, printer) = printer.split_once("::").expect("a path");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([printer, "--exact", "--nocapture"])
            .env(CONSUL, registry.agent.address().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start this program once more");
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell, ended) = std::sync::mpsc::channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            let lines = BufReader::new(out.expect("its output")).lines();
            for line in lines.map_while(Result::ok) {
                match line.strip_prefix("printer: ") {
                    Some("connection") => drop(counted.fetch_add(1, Ordering::SeqCst)),
                    Some(words) => drop(tell.send(words.to_string())),
                    None => {}
                }
            }
            // It ended without a report: the reason is on its standard error.
            let mut last = String::new();
            let _ = err.expect("its errors").read_to_string(&mut last);
            let _ = tell.send(last.trim().to_string());
        });
        let process = Process {
            case,
            child,
            connections,
            seen: Cell::new(0),
            ended,
        };
        let since = Instant::now();
        while registry.printers("").is_empty() {
            if let Ok(words) = process.ended.try_recv() {
                let advice = "The process ended before it was registered.";
                case.differ("a registered instance", words, advice);
            }
            if since.elapsed() > PATIENCE * 4 {
                let advice = "`run` has not registered anything.";
                case.differ("a registered instance", "none after 2 s", advice);
            }
            thread::sleep(Duration::from_millis(2));
        }
        process
    }

    fn checked_since_last_time(&self) -> bool {
        let now = self.connections.load(Ordering::SeqCst);
        now > self.seen.replace(now)
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// Sends one word to it, waits until `run` has returned, and says how.
    fn ends_after(&mut self, word: &str) -> String {
        let input = self.child.stdin.as_mut().expect("its input");
        writeln!(input, "{word}").expect("it still runs");
        self.ended.recv_timeout(PATIENCE * 2).unwrap_or_else(|_| {
            let advice = "`run` ends with `stop`, and when the printer is broken.";
            let still = format!("still running after {}", (PATIENCE * 2).view());
            self.case.differ("`run` returns", still, advice)
        })
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_and_still_listed() {
    case("The server works for a while; then kill -9", |case| {
        let registry = Registry::open();
        let printer = Process::start(case, &registry);
        // If a check connects: just after an attempt, which is the worst moment.
        for _ in 0..60 {
            registry.pass(SECOND);
            thread::sleep(Duration::from_millis(1));
            if registry.agent.clock().now() > SECOND * 20 && printer.checked_since_last_time() {
                break;
            }
        }
        printer.kill();
        registry.pass(SECOND * 15);
        if registry.healthy() == 0 {
            return;
        }
        let checks = ask(registry.agent.address(), "GET", "/v1/agent/checks", "");
        let advice = if checks.is_ok_and(|checks| checks.trim() == "{}") {
            "No line of a killed program runs, so it cannot deregister, and the registration has no check. Consul \
             notices a crash only with a health check."
        } else {
            "Consul makes one attempt in each interval. The worst moment for a crash is just after an attempt: then it \
             takes the whole interval, and the timeout as well. Together they have to be less than 15 s."
        };
        let still = "killed, and 15 s later still listed as healthy";
        case.differ("no healthy instance", still, advice);
    });
}

#[test]
fn b_a_working_server_is_healthy() {
    case("The server works", |case| {
        let registry = Registry::open();
        let _printer = Process::start(case, &registry);
        for (passed, expected) in [
            (15, "healthy 15 s after its start"),
            (45, "still healthy after a minute"),
        ] {
            registry.pass(SECOND * passed);
            if registry.healthy() > 0 {
                continue;
            }
            let entry = registry.printers("");
            let checks = entry.first().map(|entry| entry["Checks"].clone());
            let checks = checks.unwrap_or_default();
            let critical = (checks.as_array().into_iter().flatten())
                .find(|check| check["Status"] == "critical");
            let (kind, words) = critical.map_or(("", String::new()), |check| {
                let output = check["Output"].as_str().unwrap_or_default();
                let output = output.trim().to_string();
                (check["Type"].as_str().unwrap_or_default(), output)
            });
            let advice = match kind {
                "ttl" => {
                    "A TTL check turns critical unless the program renews it in time, and yours does not. A TCP check needs \
                     nothing of the program."
                }
                "" => "No entry with a critical check was found: was the instance deregistered?",
                _ => {
                    "A new check is critical until its first attempt, which comes within the first interval. And the \
                     attempt has to reach the address of the server."
                }
            };
            case.differ(expected, format!("critical: {words:?}"), advice);
        }
    });
}

#[test]
fn c_the_entry_is_removed() {
    case(
        "The server is killed, and it is not started again",
        |case| {
            let registry = Registry::open();
            let printer = Process::start(case, &registry);
            registry.pass(SECOND * 30);
            printer.kill();
            registry.pass(SECOND * 180);
            let left = registry.printers("").len();
            if left > 0 {
                let advice = "A critical entry stays in the list. After a hundred crashes on other ports there would be a \
                              hundred such entries, and Consul would check all of them. A field of the check \
                              says after how long Consul removes the entry.";
                let still = "3 minutes after the crash the entry is still there";
                case.differ("no entry", still, advice);
            }
        },
    );
}

#[test]
fn d_a_program_that_can_deregister_does() {
    case("One server is asked to stop; another one breaks", |case| {
        for (word, ended) in [("stop", "ended"), ("break", "ended: out of paper")] {
            let registry = Registry::open();
            let mut printer = Process::start(case, &registry);
            registry.pass(SECOND * 15);
            let how = printer.ends_after(word);
            let left = registry.printers("").len();
            if left > 0 {
                let advice = "The program knew that it ends, and its entry is still there: callers dial it until \
                                  the next attempt of the check. Deregister on every way out of `run`.";
                case.differ(
                    "no entry",
                    format!("`run` has returned after {word:?}, and the entry is still there"),
                    advice,
                );
            }
            let advice = "`run` returns what broke, or `Ok` after `stop`.";
            case.expect_eq(ended, how.as_str(), advice);
        }
    });
}

#[test]
fn e_attempts_cost_something() {
    case("The server works for ten minutes", |case| {
        let registry = Registry::open();
        let printer = Process::start(case, &registry);
        registry.pass(SECOND * 600);
        // The last connection may not be counted yet.
        thread::sleep(Duration::from_millis(20));
        let connections = printer.connections.load(Ordering::SeqCst);
        if connections > 205 {
            let advice = "Each attempt of a check is a connection that the server has to accept, and there are hundreds of \
                          instances. 20 attempts a minute are enough for 15 s.";
            case.differ(
                "at most 200 connections of the check in 10 minutes",
                format!("{connections} connections"),
                advice,
            );
        }
    });
}

/// A Consul that refuses registrations, or deregistrations.
struct Refuses {
    registrations: bool,
}

impl Consul for Refuses {
    async fn register(&self, _: Value) -> io::Result<()> {
        match self.registrations {
            true => Err(io::ErrorKind::ConnectionRefused.into()),
            false => Ok(()),
        }
    }

    async fn deregister(&self, _: &str) -> io::Result<()> {
        match self.registrations {
            true => Ok(()),
            false => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

#[test]
fn f_consul_is_away() {
    for (registrations, words, advice) in [
        (
            true,
            "Consul is away at the start",
            "A server that is not registered gets no calls. Its supervisor has to know.",
        ),
        (
            false,
            "Consul is away at the end",
            "The entry is still there, and the supervisor has to know.",
        ),
    ] {
        case(words, |case| {
            let returned = case.run_within(
                PATIENCE,
                "run",
                "`stop` is ready from the beginning.",
                move || {
                    let runtime = Runtime::new().expect("a runtime");
                    runtime.block_on(async {
                        let server = ThePrinter {
                            listener: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
                            broken: tokio::sync::Notify::new(),
                        };
                        let consul = Refuses { registrations };
                        run(&consul, &server, "printer-1", async {}).await
                    })
                },
            );
            case.expect_err("run", &returned, advice);
        });
    }
}
