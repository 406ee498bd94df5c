//! Starts the real binary between real sockets. Every wait has a deadline that is only ever
//! reached when something is broken; no test measures with it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::Value;
use testkit::fuzz::Dice;
use testkit::program::{PATIENCE, Program};

/// Every view.
pub const VIEWS: [&str; 8] = [
    "bytes", "lines", "frames", "json-rpc", "protobuf", "http", "grpc", "resp",
];

/// A command for the binary, free of what the outer environment says about colours.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wire"));
    command.args(args).env_remove("NO_COLOR");
    command.env("TERM", "xterm").stdin(Stdio::null());
    command
}

/// A command for a wire to `server` on a free port.
pub fn wire_to(server: SocketAddr, args: &[&str]) -> Command {
    let to = server.to_string();
    command(&[&["--listen", "127.0.0.1:0", "--to", &to], args].concat())
}

/// Where a wire listens, from the first line that it prints.
fn address(first: &str) -> SocketAddr {
    let object = serde_json::from_str::<Value>(first).unwrap_or_default();
    let addr = object["addr"].as_str();
    let addr = addr.or_else(|| first.trim().strip_prefix("listening on "));
    addr.expect(first).parse().expect(first)
}

/// Starts a wire to `server` of which nothing is read but its first line.
pub fn start_unread(
    server: SocketAddr,
    args: &[&str],
) -> (Child, BufReader<ChildStdout>, SocketAddr) {
    let mut command = wire_to(server, args);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("the first line");
    (child, out, address(&first))
}

/// A running wire. It is ended with this value.
pub struct Wire {
    pub program: Program,
    pub addr: SocketAddr,
    /// Lines that were already looked at.
    seen: Vec<String>,
}

impl Wire {
    /// Starts a wire to `server` and reads all it prints.
    pub fn start(server: SocketAddr, args: &[&str]) -> Wire {
        Wire::run(wire_to(server, args))
    }

    /// The same with a command of one's own.
    pub fn run(command: Command) -> Wire {
        let program = Program::start(command);
        let first = program.line().expect("the first line");
        Wire {
            program,
            addr: address(&first),
            seen: vec![first],
        }
    }

    /// A wire, a client of it, and the server's end of the client's connection.
    pub fn between(args: &[&str]) -> (Wire, TcpStream, TcpStream) {
        let (listener, addr) = listener();
        let wire = Wire::start(addr, args);
        let client = wire.connect();
        (wire, client, accept(&listener))
    }

    /// A wire to a server that sends back everything, and a client of it.
    pub fn to_echo(args: &[&str]) -> (Wire, TcpStream) {
        let wire = Wire::start(server(echo), args);
        let client = wire.connect();
        (wire, client)
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.addr)
    }

    /// Reads lines until `n` of them contain `part`, and gives back those.
    fn lines_with(&mut self, part: &str, n: usize) -> Vec<String> {
        let found = self.seen.iter().filter(|line| line.contains(part));
        let mut found: Vec<String> = found.cloned().collect();
        while found.len() < n {
            let line = self.program.line();
            let line = line.unwrap_or_else(|| panic!("too few {part:?}"));
            if line.contains(part) {
                found.push(line.clone());
            }
            self.seen.push(line);
        }
        found
    }

    /// Waits for the first line that contains `part`; lines before it are kept.
    pub fn line_with(&mut self, part: &str) -> String {
        self.lines_with(part, 1).remove(0)
    }

    /// Waits for `n` events of this name, in the order in which they came.
    pub fn events(&mut self, name: &str, n: usize) -> Vec<Value> {
        let lines = self.lines_with(&format!("\"event\":\"{name}\""), n);
        let parsed = lines.iter().map(|line| serde_json::from_str(line));
        parsed.collect::<Result<_, _>>().expect("JSON")
    }

    /// How many events of this name were looked at so far.
    pub fn seen_now(&mut self, name: &str) -> usize {
        self.events(name, 0).len()
    }

    /// The first event of this name.
    pub fn event(&mut self, name: &str) -> Value {
        self.events(name, 1).remove(0)
    }

    /// Waits until the wire has ended, and gives back everything it printed.
    pub fn end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.program.ends(PATIENCE);
        self.seen.extend(self.program.rest());
        (status, std::mem::take(&mut self.seen))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the wire has printed:\n{}", self.seen.join("\n"));
        }
    }
}

pub fn connect(addr: SocketAddr) -> TcpStream {
    patient(TcpStream::connect(addr).expect("the wire accepts"))
}

/// A stream that fails instead of hanging for ever.
pub fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("timeout");
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
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
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
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().expect("tokio");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::from_std(stream).expect("the same socket");
        stream.set_zero_linger().expect("linger");
    });
}

/// Bytes that look random and are the same every time.
pub fn noise(seed: usize, len: usize) -> Arc<[u8]> {
    let mut dice = Dice::of(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(dice.roll().to_le_bytes());
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
        stream.shutdown(Shutdown::Write).expect("finished");
    })
}

/// Everything until the sender has finished.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let (bytes, end) = read_until_broken(stream);
    end.expect("an orderly end");
    bytes
}

/// Reads until something goes wrong; gives back what came before and what went wrong.
pub fn read_until_broken(stream: &mut TcpStream) -> (Vec<u8>, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let result = stream.read_to_end(&mut bytes).map(drop);
    (bytes, result)
}

/// Writes until something goes wrong, and gives back what did.
pub fn write_until_broken(stream: &mut TcpStream) -> ErrorKind {
    loop {
        if let Err(error) = stream.write_all(&[7; 10_000]) {
            return error.kind();
        }
    }
}
