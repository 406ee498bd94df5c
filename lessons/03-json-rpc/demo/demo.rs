//! The demo: this program is the client and starts itself again as the server. Each message is printed as it
//! stands on the wire. Pieces and pauses are on purpose: on loopback nearly every message arrives whole, and
//! code that reads only whole messages passes its tests there.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::peer::Peer;

/// The time limit for each read.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The time after which the demo assumes that no reply will arrive.
const SILENCE: Duration = Duration::from_millis(150);

const GREETING: &str = r#"{"jsonrpc":"2.0","method":"hello.HelloWorld","params":["wire"],"id":1}"#;
const GO_GREETING: &str = r#"{"method":"hello.HelloWorld","params":["wire"],"id":1}"#;

/// Runs all scenes.
pub fn run() -> anyhow::Result<()> {
    let server = Peer::start()?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l03-json-rpc server --addr 127.0.0.1:0 --http-addr 127.0.0.1:0 --go-addr 127.0.0.1:0\n\
         \nThat is process {}. It speaks JSON-RPC 2.0 in lines on {},\n\
         2.0 over HTTP on {}, and Go's dialect on {}.\n\
         Times are milliseconds since the client connected.",
        std::process::id(),
        server.child.id(),
        server.lines,
        server.http,
        server.go
    );

    title("1. The greeting call: a JSON object and a newline in each direction");
    let mut wire = Wire::connect(server.lines)?;
    wire.send(&format!("{GREETING}\n"))?;
    wire.replies(1)?;

    title("2. The same call over HTTP: Content-Length marks the end of the message");
    let mut wire = Wire::connect(server.http)?;
    wire.send(&format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{GREETING}",
        server.http,
        GREETING.len()
    ))?;
    wire.replies(1)?;

    title("3. The same call in Go's dialect: no `jsonrpc`, and a reply with `result` and `error`");
    let mut wire = Wire::connect(server.go)?;
    wire.send(&format!("{GO_GREETING}\n"))?;
    wire.replies(1)?;

    title("4. A request of 2.0 on the port of Go's dialect");
    let mut wire = Wire::connect(server.go)?;
    wire.send(&format!("{GREETING}\n"))?;
    wire.replies(1)?;
    println!(
        "   The server ignores members that it does not know. But a client of 2.0 cannot read"
    );
    println!("   this reply: it has no `jsonrpc`, and it has an `error`.");

    title("5. Go's dialect has no delimiter: two objects in one write, and not one newline");
    let mut wire = Wire::connect(server.go)?;
    let panda = r#"{"method":"Panda.GetInfo","params":[100],"id":2}"#;
    wire.send(&format!("{GO_GREETING}{panda}"))?;
    wire.replies(2)?;

    title("6. One object in three pieces, 50 ms apart, cut inside a string and inside a character");
    let mut wire = Wire::connect(server.go)?;
    let bytes = r#"{"method":"hello.HelloWorld","params":["}你"],"id":3}"#.as_bytes();
    wire.send_bytes(&bytes[..40])?;
    thread::sleep(Duration::from_millis(50));
    wire.send_bytes(&bytes[40..42])?;
    thread::sleep(Duration::from_millis(50));
    wire.send_bytes(&bytes[42..])?;
    wire.replies(1)?;

    title("7. A method that fails, and the next call on the same connection");
    let no = r#""method":"Panda.GetInfo","params":[-1],"id":4}"#;
    let mut wire = Wire::connect(server.lines)?;
    wire.send(&format!("{{\"jsonrpc\":\"2.0\",{no}\n{GREETING}\n"))?;
    wire.replies(2)?;
    println!("   The same in Go's dialect:");
    let mut wire = Wire::connect(server.go)?;
    wire.send(&format!("{{{no}{GO_GREETING}"))?;
    wire.replies(2)?;

    title("8. A notification has no id: the method runs, and no reply is sent");
    let mut wire = Wire::connect(server.lines)?;
    wire.send("{\"jsonrpc\":\"2.0\",\"method\":\"hello.HelloWorld\",\"params\":[\"wire\"]}\n")?;
    wire.silence()?;

    title("9. Broken messages: an error with the id null, and the connection stays open");
    let mut wire = Wire::connect(server.lines)?;
    wire.send("{\"jsonrpc\": \"2.0\", \"method\n")?;
    wire.replies(1)?;
    wire.send("[1]\n")?;
    wire.replies(1)?;
    wire.send(&format!("{GREETING}\n"))?;
    wire.replies(1)?;

    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l03-json-rpc -- server\n    cargo run -p l03-json-rpc -- client wire 100\n"
    );
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

/// The client's end of one connection.
struct Wire {
    stream: TcpStream,
    since: Instant,
}

impl Wire {
    fn connect(addr: SocketAddr) -> anyhow::Result<Self> {
        let since = Instant::now();
        let stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
        // Without this the system may wait for more bytes before it sends a small piece.
        stream.set_nodelay(true)?;
        Ok(Wire { stream, since })
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        self.send_bytes(text.as_bytes())
    }

    fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tell("client writes", bytes, 0);
        self.stream.write_all(bytes)
    }

    /// Waits for this number of replies; each of them has one id.
    fn replies(&mut self, wanted: usize) -> anyhow::Result<()> {
        let (mut got, mut seen) = (Vec::new(), 0);
        self.stream.set_read_timeout(Some(TIMEOUT))?;
        while seen < wanted {
            let bytes = self.read()?;
            got.extend_from_slice(&bytes);
            seen = String::from_utf8_lossy(&got).matches("\"id\":").count();
        }
        Ok(())
    }

    /// Fails if a reply arrives.
    fn silence(&mut self) -> anyhow::Result<()> {
        self.stream.set_read_timeout(Some(SILENCE))?;
        match self.stream.read(&mut [0; 64]) {
            Err(error) if is_timeout(&error) => {}
            other => bail!("no reply was expected, and the read returned {other:?}"),
        }
        println!(
            "  {:8.2}  no reply for {} ms",
            self.ms(),
            SILENCE.as_millis()
        );
        Ok(())
    }

    fn read(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut buf = [0; 4096];
        let n = self.stream.read(&mut buf)?;
        if n == 0 {
            bail!("the server ended the connection");
        }
        self.tell("client reads", &buf[..n], 6);
        Ok(buf[..n].to_vec())
    }

    fn ms(&self) -> f64 {
        self.since.elapsed().as_secs_f64() * 1000.0
    }

    /// The server's bytes stand further right, as in the pictures of the book.
    fn tell(&self, what: &str, bytes: &[u8], indent: usize) {
        println!(
            "  {:8.2}  {:indent$}{what} {} bytes",
            self.ms(),
            "",
            bytes.len()
        );
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            println!("            {:indent$}  {}", "", quote(line));
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// A line as text, with control characters written as in Rust.
fn quote(line: &[u8]) -> String {
    let mut out = String::new();
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' => out.push(character),
                other => out.extend(other.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}
