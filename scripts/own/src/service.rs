//! The learner's program as a process: started with its addresses in the environment, waited for, and ended
//! with everything that it started.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, wait,
};

use crate::order::Order;
use crate::told::{Belief, Failure};

/// A service listens within this time.
const READY: Duration = Duration::from_secs(4);
/// So long a service may take to end by itself, after a stage that is not about that.
const TERM: Duration = Duration::from_millis(200);
/// So much of its output is kept: the end of it.
const KEPT: usize = 4096;

const NOT_STARTED: Belief = &(
    "not-started",
    "own.toml names the program as `start`. Its path begins in the folder of own.toml.",
);
const OWN_PORT: Belief = &(
    "own-port",
    "The service listens at the address in the environment variable, not at a port of its own choice.",
);

/// What a service is told by its environment.
#[derive(Debug, Clone)]
pub struct World {
    /// `TCP_ADDR`: greetings by lines.
    pub tcp: SocketAddr,
    /// `JSON_RPC_ADDR`: JSON-RPC 2.0, one value a line.
    pub json_rpc: SocketAddr,
    /// `GRPC_ADDR`: gRPC.
    pub grpc: SocketAddr,
    /// `SLOW_ADDR`: a neighbour that takes its time.
    pub slow: SocketAddr,
    /// `CONSUL_ADDR`: the HTTP API of Consul.
    pub consul: SocketAddr,
    /// `REGISTRY`: `consul` or `etcd`.
    pub registry: &'static str,
    /// `ETCD_ADDR`: the JSON API of etcd.
    pub etcd: SocketAddr,
    /// `HTTP_ADDR`: the HTTP API.
    pub http: SocketAddr,
    /// `REDIS_ADDR`: a Redis.
    pub redis: SocketAddr,
    /// `CAPTCHA_ADDR`, if `asks`: a service that judges captchas.
    pub captcha: SocketAddr,
    /// Whether HTTP clients are asked for a captcha; else `CAPTCHA_ADDR` is empty.
    pub asks: bool,
    /// `MAX_CONNECTIONS`.
    pub most: usize,
    /// `LINE_TIMEOUT_MS`.
    pub line: Duration,
}

impl World {
    /// Free ports of 127.0.0.1, and limits that no plain case meets.
    ///
    /// # Errors
    /// What the system says when it has no port.
    pub fn new() -> std::io::Result<Self> {
        Self::several(1).map(|mut worlds| worlds.remove(0))
    }

    /// The same for so many instances.
    ///
    /// # Errors
    /// What the system says when it has no port.
    pub fn several(count: usize) -> std::io::Result<Vec<Self>> {
        const PORTS: usize = 9;
        // All are held until the last is known: no two are equal.
        let held: Vec<TcpListener> = (0..count * PORTS)
            .map(|_| free())
            .collect::<Result<_, _>>()?;
        held.chunks(PORTS).map(Self::at).collect()
    }

    fn at(held: &[TcpListener]) -> std::io::Result<Self> {
        let at = |n: usize| held[n].local_addr();
        Ok(Self {
            tcp: at(0)?,
            json_rpc: at(1)?,
            grpc: at(2)?,
            slow: at(3)?,
            consul: at(4)?,
            registry: "consul",
            etcd: at(5)?,
            http: at(6)?,
            redis: at(7)?,
            captcha: at(8)?,
            asks: false,
            most: 120,
            line: Duration::from_secs(10),
        })
    }
}

/// A free port from 30000 to 32699. The tests of the course take theirs below (`testkit::free_port`), and a system gives
/// those above 32767, on Linux, to the client's end of a connection: neither takes a port before the service listens there.
/// No port is given twice before all others were.
fn free() -> std::io::Result<TcpListener> {
    const COUNT: u64 = 2_700;
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(()) % COUNT));
    for _ in 0..COUNT {
        let port = 30_000 + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = u16::try_from(port).unwrap_or_default();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return Ok(listener);
        }
    }
    TcpListener::bind("127.0.0.1:0")
}

impl World {
    fn captcha_addr(&self) -> String {
        if self.asks {
            self.captcha.to_string()
        } else {
            String::new()
        }
    }
}

/// A service that runs.
pub struct Service {
    child: Child,
    /// What it was told.
    pub world: World,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Service {
    /// Starts the program of `order` and waits until it accepts connections at `port`.
    ///
    /// # Errors
    /// A failure that says that it has not started, has ended, or does not listen.
    pub fn start(
        order: &Order,
        world: World,
        name: &str,
        port: SocketAddr,
    ) -> Result<Self, Failure> {
        let situation = format!("The service is started with {name}={port}");
        // An orphan of the service becomes a child of this process, so that it can be found and ended.
        let _ = set_child_subreaper(Some(getpid()));
        let mut command = Command::new(&order.start[0]);
        command
            .args(&order.start[1..])
            .current_dir(&order.folder)
            .env("TCP_ADDR", world.tcp.to_string())
            .env("JSON_RPC_ADDR", world.json_rpc.to_string())
            .env("GRPC_ADDR", world.grpc.to_string())
            .env("SLOW_ADDR", world.slow.to_string())
            .env("CONSUL_ADDR", world.consul.to_string())
            .env("REGISTRY", world.registry)
            .env("ETCD_ADDR", world.etcd.to_string())
            .env("HTTP_ADDR", world.http.to_string())
            .env("REDIS_ADDR", world.redis.to_string())
            .env("CAPTCHA_ADDR", world.captcha_addr())
            .env("MAX_CONNECTIONS", world.most.to_string())
            .env("LINE_TIMEOUT_MS", world.line.as_millis().to_string())
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let expected = format!("it accepts connections within {} s", READY.as_secs());
        let mut child = command.spawn().map_err(|e| {
            let program = &order.start[0];
            let happened = format!("`{program}` could not be started: {e}");
            Failure::new(&situation, &expected, happened, Some(NOT_STARTED))
        })?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(out) = child.stdout.take() {
            keep(out, Arc::clone(&said));
        }
        if let Some(err) = child.stderr.take() {
            keep(err, Arc::clone(&said));
        }
        let mut service = Self { child, world, said };
        let until = Instant::now() + READY;
        loop {
            if TcpStream::connect_timeout(&port, Duration::from_millis(200)).is_ok() {
                return Ok(service);
            }
            if let Ok(Some(status)) = service.child.try_wait() {
                thread::sleep(Duration::from_millis(30));
                let happened = format!("it ended: {status}{}", service.last_words());
                return Err(Failure::new(&situation, &expected, happened, None));
            }
            if Instant::now() > until {
                let happened = format!(
                    "no connection to {port} was accepted{}",
                    service.last_words()
                );
                return Err(Failure::new(
                    &situation,
                    &expected,
                    happened,
                    Some(OWN_PORT),
                ));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// How it ended, if it has.
    pub fn status(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok()?
    }

    /// Why it does not run any more, if that is so.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        thread::sleep(Duration::from_millis(30));
        Some(format!("the program ended: {status}{}", self.last_words()))
    }

    /// The end of what it printed, as a further line.
    pub fn last_words(&self) -> String {
        let said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let last: Vec<&str> = text
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take(3)
            .collect();
        if last.is_empty() {
            return String::new();
        }
        let cut = |line: &&str| format!("{:?}", line.chars().take(160).collect::<String>());
        let lines: Vec<String> = last.iter().rev().map(cut).collect();
        format!("\nit printed {}", lines.join("\n           "))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = self.pid();
        let _ = kill_process_group(pid, Signal::TERM);
        let until = Instant::now() + TERM;
        while Instant::now() < until && !matches!(self.child.try_wait(), Ok(Some(_))) {
            thread::sleep(Duration::from_millis(2));
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait();
        end_all();
    }
}

/// Keeps the end of what comes out of `from`, and reads all of it: a program that prints must not wait.
fn keep(mut from: impl Read + Send + 'static, to: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let mut kept = to.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..count]);
            let more = kept.len().saturating_sub(KEPT);
            kept.drain(..more);
        }
    });
}

/// Ends all processes below this one, also those that have left their group.
pub fn end_all() {
    let until = Instant::now() + Duration::from_secs(2);
    loop {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let left = descendants();
        if left.is_empty() || Instant::now() > until {
            return;
        }
        // Stopped first, so that none forks on while the others are ended.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &left {
                let _ = kill_process(*pid, signal);
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// All living processes below this one, from `/proc/PID/stat` (proc(5)); none on other systems than Linux.
pub fn descendants() -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let parents: Vec<(i32, i32)> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| Some((pid, living_parent(pid)?)))
        .collect();
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let below = parents.iter().filter(|(_, p)| *p == parent);
        found.extend(below.map(|(pid, _)| *pid));
        next += 1;
    }
    found[1..]
        .iter()
        .filter_map(|pid| Pid::from_raw(*pid))
        .collect()
}

/// The name of a program stands in brackets and may hold brackets itself: the fields start after the last.
fn living_parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z" && state != "X").then_some(())?;
    fields.next()?.parse().ok()
}
