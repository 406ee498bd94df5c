//! The check of `crash`. The printer is a process of its own: this program once more, in the part called
//! `the_printer`. So it can be killed as nothing inside a program can be. Consul is lesson 08's agent, with a
//! clock that is moved by hand: a minute takes a millisecond.

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

use exercise::{Consul, Printer, run};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::Value;
use services::testkit::{Case, PATIENCE, View, case};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const SECOND: Duration = Duration::from_secs(1);
/// How the printer process learns where Consul is.
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

/// Consul for the learner's program. Each call is over before it returns: the agent is next door.
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

/// A printer that tells the check of each connection, and that can break.
struct ThePrinter {
    listener: TcpListener,
    broken: tokio::sync::Notify,
}

impl Printer for ThePrinter {
    fn addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound listener")
    }

    async fn work(&self) -> io::Error {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(_) => say("knock"),
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
    // The check may be gone; then nobody wants to know.
    let _ = writeln!(out, "\nprinter: {words}").and_then(|()| out.flush());
}

// Not a check: the process that the checks start. It ends with its standard input. Among the checks it has
// nothing to do.
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
        for order in io::stdin().lines().map_while(Result::ok) {
            match order.as_str() {
                "break" => of_stdin.broken.notify_one(),
                _ => drop(stop.take()),
            }
        }
        // Nobody holds the other end any more.
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
    // Not a line more of the harness: it has nothing to report.
    std::process::exit(0);
}

/// Consul, and a way to wait for it from a check.
struct Office {
    runtime: Runtime,
    agent: Agent,
}

impl Office {
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
        Office { runtime, agent }
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

/// The printer's process.
struct Process<'c> {
    case: &'c Case,
    child: Child,
    knocks: Arc<AtomicUsize>,
    /// How many of them somebody has looked at.
    seen: Cell<usize>,
    ended: std::sync::mpsc::Receiver<String>,
}

impl<'c> Process<'c> {
    /// Starts it, and returns when Consul has heard of it.
    fn start(case: &'c Case, office: &Office) -> Self {
        // By its path behind the name of the crate: `verify` has this check in a module.
        let printer = concat!(module_path!(), "::the_printer");
        let (_, printer) = printer.split_once("::").expect("a path");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([printer, "--exact", "--nocapture"])
            .env(CONSUL, office.agent.address().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start this program once more");
        let knocks = Arc::new(AtomicUsize::new(0));
        let (tell, ended) = std::sync::mpsc::channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let counted = Arc::clone(&knocks);
        thread::spawn(move || {
            let lines = BufReader::new(out.expect("its output")).lines();
            for line in lines.map_while(Result::ok) {
                match line.strip_prefix("printer: ") {
                    Some("knock") => drop(counted.fetch_add(1, Ordering::SeqCst)),
                    Some(words) => drop(tell.send(words.to_string())),
                    None => {}
                }
            }
            // It ended without a word: what it has said before that is the reason.
            let mut last = String::new();
            let _ = err.expect("its errors").read_to_string(&mut last);
            let _ = tell.send(last.trim().to_string());
        });
        let process = Process {
            case,
            child,
            knocks,
            seen: Cell::new(0),
            ended,
        };
        let since = Instant::now();
        while office.printers("").is_empty() {
            if let Ok(words) = process.ended.try_recv() {
                let advice = "It ended before Consul had heard of it.";
                case.differ("a printer in the list", words, advice);
            }
            if since.elapsed() > PATIENCE * 4 {
                let advice = "`run` has not registered anything.";
                case.differ("a printer in the list", "none after 2 s", advice);
            }
            thread::sleep(Duration::from_millis(2));
        }
        process
    }

    fn knocked_since_last_time(&self) -> bool {
        let now = self.knocks.load(Ordering::SeqCst);
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
        // It is gone already, or it is time.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// The belief of this exercise. Everything that you have written for the end of the program is still in the
// program.
#[test]
fn a_killed_and_still_listed() {
    case("The printer works for a while; then kill -9", |case| {
        let office = Office::open();
        let printer = Process::start(case, &office);
        // If somebody knocks: just after a knock, which is the worst moment.
        for _ in 0..60 {
            office.pass(SECOND);
            thread::sleep(Duration::from_millis(1));
            if office.agent.clock().now() > SECOND * 20 && printer.knocked_since_last_time() {
                break;
            }
        }
        printer.kill();
        office.pass(SECOND * 15);
        if office.healthy() == 0 {
            return;
        }
        let checks = ask(office.agent.address(), "GET", "/v1/agent/checks", "");
        let advice = if checks.is_ok_and(|checks| checks.trim() == "{}") {
            "Not one line of a killed program runs any more, the goodbye neither, and nobody looks \
             after it: only a check notices. Let Consul knock."
        } else {
            "Consul looks once in each interval, and the worst moment to die is just after a look: \
             then it takes all of the interval, and the timeout as well. Together they have to be \
             less than 15 s."
        };
        let still = "killed, and 15 s later still listed as healthy";
        case.differ("no healthy printer", still, advice);
    });
}

// Somebody who is never found need not work.
#[test]
fn b_a_working_printer_is_found() {
    case("The printer works", |case| {
        let office = Office::open();
        let _printer = Process::start(case, &office);
        for (passed, expected) in [
            (15, "healthy 15 s after its start"),
            (45, "still healthy after a minute"),
        ] {
            office.pass(SECOND * passed);
            if office.healthy() > 0 {
                continue;
            }
            let entry = office.printers("");
            let checks = entry.first().map(|entry| entry["Checks"].clone());
            let checks = checks.unwrap_or_default();
            let critical = (checks.as_array().into_iter().flatten())
                .find(|check| check["Status"] == "critical");
            let (kind, words) = critical.map_or(("", String::new()), |check| {
                let output = check["Output"]
                    .as_str()
                    .unwrap_or_default()
                    .trim()
                    .to_string();
                (check["Type"].as_str().unwrap_or_default(), output)
            });
            let advice = match kind {
                "ttl" => {
                    "Nobody renews it. A TTL has to be renewed by the program, as long as it is \
                          well; and this one can be knocked at instead."
                }
                _ => {
                    "A new check is critical until Consul has looked for the first time, somewhere \
                      within the first interval. And it has to look where the printer is."
                }
            };
            case.differ(expected, format!("critical: {words:?}"), advice);
        }
    });
}

// A critical entry is passed over by those who ask for healthy ones. Everybody else reads it for ever.
#[test]
fn c_the_entry_goes_as_well() {
    case(
        "The printer is killed, and nobody starts it again",
        |case| {
            let office = Office::open();
            let printer = Process::start(case, &office);
            office.pass(SECOND * 30);
            printer.kill();
            office.pass(SECOND * 180);
            let left = office.printers("").len();
            if left > 0 {
                let advice = "Critical is not gone. After a hundred crashes in other places there would be \
                          a hundred such entries, each of them asked every few seconds. Tell Consul \
                          in the check after how long it may clear the entry away.";
                let still = "3 minutes after its death it still has its entry";
                case.differ("no entry", still, advice);
            }
        },
    );
}

// The check is for those who cannot speak.
#[test]
fn d_who_can_say_goodbye_does() {
    case("The printer is asked to stop; another one breaks", |case| {
        for (word, ended) in [("stop", "ended"), ("break", "ended: out of paper")] {
            let office = Office::open();
            let mut printer = Process::start(case, &office);
            office.pass(SECOND * 15);
            let how = printer.ends_after(word);
            let left = office.printers("").len();
            if left > 0 {
                let advice = "It knew that it ends, and did not say so: callers dial it until the next \
                              look, and its entry stays for minutes. Say goodbye on every way out \
                              that you can see.";
                case.differ(
                    "not in the list any more",
                    format!("`run` has returned after {word:?}: still in the list"),
                    advice,
                );
            }
            let advice = "What `run` returns is for whoever starts printers.";
            case.expect_eq(ended, how.as_str(), advice);
        }
    });
}

#[test]
fn e_looking_is_not_a_siege() {
    case("The printer works for ten minutes", |case| {
        let office = Office::open();
        let printer = Process::start(case, &office);
        office.pass(SECOND * 600);
        // The last knock may still be on its way into our count.
        thread::sleep(Duration::from_millis(20));
        let knocks = printer.knocks.load(Ordering::SeqCst);
        if knocks > 205 {
            let advice = "Each look is a connection that the printer has to accept, and there are \
                          hundreds of printers. Between this and 15 s there is much room.";
            case.differ(
                "at most 200 knocks in 10 minutes",
                format!("it knocked {knocks} times"),
                advice,
            );
        }
    });
}
