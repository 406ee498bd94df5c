//! The demo: this program is the client and starts itself again as the server, so that there are
//! two processes and a real wire between them. Both sides write down when they saw what; the story
//! is told in that order. Pieces and pauses are on purpose: on loopback nearly every write arrives
//! whole, and that is exactly how wrong code gets through its tests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use stage::child::{Child, Spawn};
use stage::story::{now, stamped};

/// The limits of the demo's server: small, so that the demo is short.
const LINE: usize = 64;
const TIME_MS: u64 = 400;
const CLIENTS: usize = 3;

/// Nothing in the demo takes longer than this; if it does, something is broken.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Tells the whole story.
pub fn run() -> anyhow::Result<()> {
    let server = Peer::start(&[])?;
    println!(
        "Two processes. This one, {}, is the client.\n\
         It has started itself again as the server:\n\
         \n    l01-tcp server --addr 127.0.0.1:0 --line {LINE} --time-ms {TIME_MS} --clients {CLIENTS}\n\
         \nThat is process {}, and it listens on {}.\n\
         Times are milliseconds since the client dialled.",
        std::process::id(),
        server.child.id(),
        server.addr
    );
    greeting(&server)?;
    cut_in_two(&server)?;
    two_in_one(&server)?;
    half_close(&server)?;
    too_slow(&server)?;
    too_long(&server)?;
    too_many(&server)?;
    killed(&server)?;

    title("9. The same call, and now the server is the one on tokio");
    let tokio = Peer::start(&["--tokio"])?;
    let mut wire = Wire::dial(&tokio)?;
    wire.send("wire\n")?;
    wire.wait(&["server read", "client got"])?;
    wire.tell();
    println!(
        "\n   The bytes are the same: a wire does not know what its ends are made of.\n\
         \nNow in two terminals:\n\
         \n    cargo run -p l01-tcp -- server\n    cargo run -p l01-tcp -- client Ada Grace\n"
    );
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

fn greeting(server: &Peer) -> anyhow::Result<()> {
    title("1. The greeting call: the client sends a name, the server a line");
    let mut wire = Wire::dial(server)?;
    wire.send("wire\n")?;
    wire.wait(&["server read", "client got"])?;
    wire.tell();
    Ok(())
}

fn cut_in_two(server: &Peer) -> anyhow::Result<()> {
    title("2. The same name in two writes, 100 ms apart: two reads, one answer");
    let mut wire = Wire::dial(server)?;
    wire.send("wi")?;
    thread::sleep(Duration::from_millis(100));
    wire.send("re\n")?;
    wire.wait(&["server read", "server read", "client got"])?;
    wire.tell();
    Ok(())
}

fn two_in_one(server: &Peer) -> anyhow::Result<()> {
    title("3. Two names in one write: one read, two answers");
    let mut wire = Wire::dial(server)?;
    wire.send("Ada\nGrace\n")?;
    wire.wait(&["server read"])?;
    wire.wait_for_bytes("Ada hello world\nGrace hello world\n".len())?;
    wire.tell();
    Ok(())
}

fn half_close(server: &Peer) -> anyhow::Result<()> {
    title("4. Half-close: the client has finished sending and still gets its answer");
    let mut wire = Wire::dial(server)?;
    wire.send("wire\n")?;
    wire.finish()?;
    wire.wait(&["server read", "server read", "client got", "client end"])?;
    wire.tell();
    Ok(())
}

fn too_slow(server: &Peer) -> anyhow::Result<()> {
    title("5. One byte every 90 ms: each byte arrives soon, the line never ends");
    let mut wire = Wire::dial(server)?;
    for letter in ["w", "i", "r", "e", "w", "i", "r", "e"] {
        // Once the server has closed the connection, a write may fail. The reason can still be read.
        if wire.has_ended() || wire.send(letter).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(90));
    }
    wire.wait(&["server refused", "client got", "client end"])?;
    wire.tell();
    println!("   Its time for a line, {TIME_MS} ms, was over. A byte does not start a new one.");
    Ok(())
}

fn too_long(server: &Peer) -> anyhow::Result<()> {
    title("6. A line that is too long: the server stores 64 bytes of it, not more");
    let mut wire = Wire::dial(server)?;
    wire.send(&"x".repeat(LINE + 1))?;
    wire.wait(&["server read", "server refused", "client got", "client end"])?;
    wire.tell();
    Ok(())
}

fn too_many(server: &Peer) -> anyhow::Result<()> {
    title("7. Three connections are allowed, and a fourth client");
    let mut connected = Vec::new();
    for _ in 0..CLIENTS {
        // An answer proves that this client is connected before the next one comes.
        let mut wire = Wire::dial(server)?;
        wire.send("wire\n")?;
        wire.wait(&["client got"])?;
        connected.push(wire);
    }
    server.forget();
    let mut wire = Wire::dial(server)?;
    wire.wait(&["server refused", "client got", "client end"])?;
    wire.tell();
    Ok(())
}

fn killed(server: &Peer) -> anyhow::Result<()> {
    title("8. The server is killed in the middle of a line");
    let mut wire = Wire::dial(server)?;
    wire.send("wi")?;
    wire.wait(&["server read"])?;
    server.child.kill();
    wire.wait(&["client end"])?;
    wire.tell();
    match TcpStream::connect_timeout(&server.addr, TIMEOUT) {
        Err(error) => println!("   A client that connects now: {error}."),
        Ok(_) => bail!("another program listens on {} already", server.addr),
    }
    println!("   To the client that end looks like a regular one; only the answer is missing.");
    println!("   The system closed the dead process's connections. Had the power failed instead,");
    println!("   nothing at all would have come: only a deadline notices that.");
    Ok(())
}

// ---- the other process

/// This program once more, as a server on a free port.
pub fn server(more: &[&str]) -> anyhow::Result<Child> {
    Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
        .args(more)
        .until_stdin_ends("--until-stdin-ends")
        .start()
}

/// The server, and what it has seen.
struct Peer {
    child: Child,
    addr: SocketAddr,
}

impl Peer {
    fn start(more: &[&str]) -> anyhow::Result<Self> {
        let limits = [
            "--narrate",
            "--line",
            &LINE.to_string(),
            "--time-ms",
            &TIME_MS.to_string(),
            "--clients",
            &CLIENTS.to_string(),
        ];
        let child = server(&[&limits, more].concat())?;
        Ok(Peer {
            addr: child.listening_blocking()?,
            child,
        })
    }

    /// What it has seen since the last time.
    fn saw(&self) -> impl Iterator<Item = Seen> {
        let lines = self.child.lines().into_iter();
        lines.filter_map(|line| Seen::by_the_server(&line.text))
    }

    /// What it has seen so far is not part of the next scene.
    fn forget(&self) {
        while self.child.next_line(Duration::from_millis(20)).is_some() {}
    }
}

// ---- what happens on the wire

/// One thing that one side saw, and when.
struct Seen {
    micros: u128,
    /// What `wait` looks for.
    kind: &'static str,
    text: String,
    bytes: Vec<u8>,
}

impl Seen {
    fn now(kind: &'static str, text: &str, bytes: &[u8]) -> Self {
        Seen {
            micros: now(),
            kind,
            text: text.to_string(),
            bytes: bytes.to_vec(),
        }
    }

    /// Reads one line of the server: `MICROS read HEX`, `MICROS finished`, `MICROS refused WHY`.
    fn by_the_server(line: &str) -> Option<Self> {
        let (micros, rest) = stamped(line)?;
        let (what, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let (kind, text, bytes) = match what {
            "read" => {
                let bytes: Vec<u8> = (0..more.len() / 2)
                    .filter_map(|at| u8::from_str_radix(more.get(at * 2..at * 2 + 2)?, 16).ok())
                    .collect();
                ("server read", "server reads".to_string(), bytes)
            }
            "finished" => (
                "server read",
                "server reads 0 bytes: the client has finished".into(),
                vec![],
            ),
            "refused" => ("server refused", format!("server refuses: {more}"), vec![]),
            _ => return None,
        };
        Some(Seen {
            micros,
            kind,
            text,
            bytes,
        })
    }
}

/// The client's end of one connection.
struct Wire<'p> {
    peer: &'p Peer,
    stream: TcpStream,
    since: u128,
    mine: Receiver<Seen>,
    tell: Sender<Seen>,
    story: Vec<Seen>,
}

impl<'p> Wire<'p> {
    fn dial(peer: &'p Peer) -> anyhow::Result<Self> {
        peer.forget();
        let since = now();
        let stream = TcpStream::connect_timeout(&peer.addr, TIMEOUT)?;
        // Else the system may wait for more bytes before it sends a small piece.
        stream.set_nodelay(true)?;
        let (tell, mine) = mpsc::channel();
        let (reader, told) = (stream.try_clone()?, tell.clone());
        thread::spawn(move || listen(reader, &told));
        Ok(Wire {
            peer,
            stream,
            since,
            mine,
            tell,
            story: Vec::new(),
        })
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        let seen = Seen::now("client sent", "client writes", text.as_bytes());
        self.stream.write_all(text.as_bytes())?;
        let _ = self.tell.send(seen);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let _ = self
            .tell
            .send(Seen::now("client sent", "client has finished writing", b""));
        self.stream.shutdown(Shutdown::Write)
    }

    /// Takes over everything that has been seen until now.
    fn collect(&mut self) {
        self.story.extend(self.mine.try_iter());
        self.story.extend(self.peer.saw());
    }

    fn has_ended(&mut self) -> bool {
        self.collect();
        self.story.iter().any(|seen| seen.kind == "client end")
    }

    fn wait_until(&mut self, done: impl Fn(&[Seen]) -> bool, what: &str) -> anyhow::Result<()> {
        let until = now() + TIMEOUT.as_micros();
        loop {
            self.collect();
            if done(&self.story) {
                return Ok(());
            }
            if now() > until {
                bail!("waited {} s for: {what}", TIMEOUT.as_secs());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until each of these has been seen, as often as it is listed.
    fn wait(&mut self, kinds: &[&str]) -> anyhow::Result<()> {
        let done = |story: &[Seen]| {
            kinds.iter().all(|kind| {
                let wanted = kinds.iter().filter(|other| *other == kind).count();
                story.iter().filter(|seen| seen.kind == *kind).count() >= wanted
            })
        };
        self.wait_until(done, &kinds.join(", "))
    }

    fn wait_for_bytes(&mut self, wanted: usize) -> anyhow::Result<()> {
        let got = |story: &[Seen]| -> usize {
            story
                .iter()
                .filter(|seen| seen.kind == "client got")
                .map(|seen| seen.bytes.len())
                .sum()
        };
        self.wait_until(|story| got(story) >= wanted, "the whole answer")
    }

    /// Prints what both sides saw, in the order in which it happened.
    fn tell(&mut self) {
        self.story.sort_by_key(|seen| seen.micros);
        for seen in &self.story {
            let ms = seen.micros.saturating_sub(self.since) as f64 / 1000.0;
            // The server's side stands further right, as it does in the pictures of the book.
            let indent = if seen.kind.starts_with("server") {
                22
            } else {
                0
            };
            let bytes = &seen.bytes;
            let what = match bytes.len() {
                0 => String::new(),
                1 => format!(" 1 byte   {}", quote(bytes)),
                n => format!(" {n} bytes  {}", quote(bytes)),
            };
            println!("  {ms:8.2}  {:indent$}{}{what}", "", seen.text);
            for row in bytes.chunks(12).take(2) {
                let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
                println!("            {:indent$}  {}", "", hex.join(" "));
            }
            if bytes.len() > 24 {
                println!(
                    "            {:indent$}  ... and {} more",
                    "",
                    bytes.len() - 24
                );
            }
        }
    }
}

/// The bytes as text, cut off where it gets long.
fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(24) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}

impl Drop for Wire<'_> {
    /// The thread that listens holds the connection as well (`try_clone`): dropping our half of
    /// it would end nothing, and the server would still count the connection.
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Reads all that comes to the client and says when it came.
fn listen(mut stream: TcpStream, tell: &Sender<Seen>) {
    let mut buf = [0; 1024];
    loop {
        let seen = match stream.read(&mut buf) {
            Ok(0) => Seen::now(
                "client end",
                "client reads 0 bytes: the server has finished",
                b"",
            ),
            Ok(n) => Seen::now("client got", "client reads", &buf[..n]),
            Err(error) => Seen::now(
                "client end",
                &format!("client reads an error: {error}"),
                b"",
            ),
        };
        let end = seen.kind == "client end";
        if tell.send(seen).is_err() || end {
            return;
        }
    }
}
