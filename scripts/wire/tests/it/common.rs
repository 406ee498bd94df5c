//! Starts the real binary between real sockets. Every wait has a deadline that is only ever
//! reached when something is broken; no test measures with it.

#![allow(dead_code, reason = "each test file uses its part of the helpers")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Long enough for a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A running wire. It is killed when the value is dropped.
pub struct Wire {
    child: Child,
    lines: Receiver<String>,
    /// Lines that were already looked at.
    seen: Vec<String>,
    pub addr: SocketAddr,
}

/// A command for the binary, free of what the outer environment says about colours.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wire"));
    command
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

/// Starts a wire to `server` and reads only its first line, which says where it listens.
pub fn start_unread(
    server: SocketAddr,
    args: &[&str],
) -> (Child, BufReader<ChildStdout>, SocketAddr) {
    let to = server.to_string();
    let all = [&["--listen", "127.0.0.1:0", "--to", &to], args].concat();
    let mut command = command(&all);
    if args.contains(&"--control") {
        command.stdin(Stdio::piped());
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("the first line");
    let addr = match serde_json::from_str::<Value>(&first) {
        Ok(object) => object["addr"].as_str().expect("addr").to_string(),
        Err(_) => first
            .trim()
            .strip_prefix("listening on ")
            .expect(&first)
            .to_string(),
    };
    (child, out, addr.parse().expect("an address"))
}

impl Wire {
    /// Starts a wire to `server` and reads all it prints.
    pub fn start(server: SocketAddr, args: &[&str]) -> Wire {
        let (child, out, addr) = start_unread(server, args);
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines() {
                let Ok(line) = line else { return };
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Wire {
            child,
            lines,
            seen: Vec::new(),
            addr,
        }
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.addr)
    }

    /// Waits for the first line that contains `part`; lines before it are kept.
    pub fn line_with(&mut self, part: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(part)) {
            return line.clone();
        }
        let end = Instant::now() + DEADLINE;
        while let Ok(line) = self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!("no line with {part:?} in\n{}", self.seen.join("\n"));
    }

    /// Waits for `n` events of this name, in the order in which they came.
    pub fn events(&mut self, name: &str, n: usize) -> Vec<Value> {
        let part = format!("\"event\":\"{name}\"");
        let end = Instant::now() + DEADLINE;
        let mut found = self.seen_now(name);
        while found < n {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    found += usize::from(line.contains(&part));
                    self.seen.push(line);
                }
                Err(_) => panic!("fewer than {n} {name:?} in\n{}", self.seen.join("\n")),
            }
        }
        let found = self.seen.iter().filter(|line| line.contains(&part));
        found
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// How many events of this name were looked at so far.
    pub fn seen_now(&self, name: &str) -> usize {
        let part = format!("\"event\":\"{name}\"");
        self.seen.iter().filter(|line| line.contains(&part)).count()
    }

    /// The first event of this name.
    pub fn event(&mut self, name: &str) -> Value {
        self.events(name, 1).remove(0)
    }

    /// Writes a command to a wire that was started with `--control`.
    pub fn command(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("stdin is piped");
        writeln!(input, "{line}").expect("the wire reads commands");
    }

    /// Closes the standard input of the wire.
    pub fn end_of_commands(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Ends the wire as Ctrl-C does, and gives back everything it printed.
    pub fn end(self) -> (ExitStatus, Vec<String>) {
        self.signal("INT");
        self.end_after_signal()
    }

    /// The same when the signal is already sent.
    pub fn end_after_signal(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.child.wait().expect("the wire ends");
        let end = Instant::now() + DEADLINE;
        while let Ok(line) = self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line);
        }
        (status, std::mem::take(&mut self.seen))
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// The most memory that the wire has had, in bytes.
    pub fn most_memory(&self) -> u64 {
        most_memory(&self.child)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let done = Command::new("kill")
        .args(["-s", name, &id])
        .status()
        .expect("kill");
    assert!(done.success());
}

/// VmHWM of the process, in bytes.
pub fn most_memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("VmHWM");
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number");
    kib * 1024
}

pub fn connect(addr: SocketAddr) -> TcpStream {
    patient(TcpStream::connect(addr).expect("the wire accepts"))
}

/// A stream that fails instead of hanging for ever.
pub fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).expect("timeout");
    stream.set_write_timeout(Some(DEADLINE)).expect("timeout");
    stream
}

/// A listener on a free port.
pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("its address");
    (listener, addr)
}

pub fn accept(listener: &TcpListener) -> TcpStream {
    patient(listener.accept().expect("the wire connects").0)
}

/// A server that answers each connection with `serve`.
pub fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let (listener, addr) = listener();
    let serve = std::sync::Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(patient(stream)));
        }
    });
    addr
}

/// Sends back every byte until the client has finished.
pub fn echo(mut stream: TcpStream) {
    let mut from = stream.try_clone().expect("a second handle");
    let _ = std::io::copy(&mut from, &mut stream);
}

/// Closes with RST. The standard library cannot ask for that, tokio can.
pub fn reset(stream: TcpStream) {
    stream.set_nonblocking(true).expect("non-blocking");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("tokio");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::from_std(stream).expect("the same socket");
        stream.set_zero_linger().expect("linger");
    });
}

/// Bytes that look random and are the same every time.
pub fn noise(seed: u64, len: usize) -> Arc<[u8]> {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

/// Sends `bytes` and finishes this direction, on a thread of its own.
pub fn send(stream: &TcpStream, bytes: &Arc<[u8]>) -> JoinHandle<()> {
    let bytes = Arc::clone(bytes);
    let mut stream = stream.try_clone().expect("a second handle");
    std::thread::spawn(move || {
        stream.write_all(&bytes).expect("all bytes are taken");
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("finished");
    })
}

/// Everything until the sender has finished.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an orderly end");
    bytes
}

/// Reads until something goes wrong; gives back what came before and what went wrong.
pub fn read_until_broken(stream: &mut TcpStream) -> (Vec<u8>, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let result = stream.read_to_end(&mut bytes).map(drop);
    (bytes, result)
}
