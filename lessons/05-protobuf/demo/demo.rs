//! The demo: bytes explained one by one, the greeting call between two processes, and two versions of
//! one program with a file between them. Pieces and pauses are on purpose: on loopback nearly every
//! message arrives whole, and a reader that forgets the rest passes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use l05_protobuf::addressbook::AddressBook;
use l05_protobuf::explain::explain;
use l05_protobuf::greeter::HelloRequest;
use l05_protobuf::schema::Schema;
use l05_protobuf::school::{Measures, Student, Weekday, student::Group};
use l05_protobuf::versions::{OldBook, new_book, old_book, through_the_old_program};
use l05_protobuf::{DESCRIPTORS, frame, varint};
use prost::Message;

use crate::peer::Peer;

/// Each call of the demo is much faster than this.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Runs all scenes.
pub fn run() -> anyhow::Result<()> {
    let schema = Schema::new(DESCRIPTORS)?;
    one_message(&schema)?;

    let server = Peer::start(&["--time-ms", "1500"])?;
    println!(
        "\nFrom here on there are two processes. This one, {}, is the client. It has started itself\n\
         again as the server, process {}, on {}. Times are milliseconds\n\
         since the connection.",
        std::process::id(),
        server.child.id(),
        server.addr
    );
    calls(&schema, &server)?;
    refusals(&server)?;
    evolution()?;

    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l05-protobuf -- server\n    cargo run -p l05-protobuf -- client wire\n"
    );
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

// ---- one message

fn one_message(schema: &Schema) -> anyhow::Result<()> {
    title("1. One message, byte by byte: a Student of proto/school/v1/school.proto");
    let ada = Student {
        id: 7,
        name: "Ada".into(),
        measures: Some(Measures { weight_kg: 60 }),
        scores: vec![90, 85, 300],
        weekday: Weekday::Monday.into(),
        group: Some(Group::Teacher("san".into())),
    };
    let bytes = ada.encode_to_vec();
    print_message(schema, "school.v1.Student", &bytes)?;

    title("2. The same message as JSON");
    let json = serde_json::to_string(&ada)?;
    println!("   {json}");
    println!(
        "   {} bytes of JSON, {} of protobuf. The names are in the JSON; here they are in the .proto file.",
        json.len(),
        bytes.len()
    );
    Ok(())
}

/// Offset, bytes, words.
fn print_message(schema: &Schema, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    for line in explain(schema, name, bytes)? {
        let hex = format!(
            "{:indent$}{}",
            "",
            hex(&line.bytes),
            indent = 2 * line.depth
        );
        println!("   {:3}  {hex:18}  {}", line.at, line.words);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

// ---- the greeting call

fn calls(schema: &Schema, server: &Peer) -> anyhow::Result<()> {
    title("3. The greeting call: a HelloRequest there, a HelloReply back, each behind its length");
    let mut wire = Connection::open(server)?;
    let request = frame::encode(&hello("wire"));
    wire.send(&request)?;
    let reply = wire.reply()?;
    println!("   The request behind its length, and the reply:");
    print_message(schema, "greeter.v1.HelloRequest", &request[1..])?;
    print_message(schema, "greeter.v1.HelloReply", &reply)?;

    title("4. The same request in four pieces, 50 ms apart, cut behind the length and in the name");
    let mut wire = Connection::open(server)?;
    for (number, piece) in [&request[..1], &request[1..2], &request[2..5], &request[5..]]
        .into_iter()
        .enumerate()
    {
        if number > 0 {
            thread::sleep(Duration::from_millis(50));
        }
        wire.send(piece)?;
    }
    wire.reply()?;

    title("5. Two requests in one write, the second one with a length of two bytes");
    let mut wire = Connection::open(server)?;
    let long = "x".repeat(200);
    wire.send(&[frame::encode(&hello("Ada")), frame::encode(&hello(&long))].concat())?;
    wire.reply()?;
    wire.reply()?;
    Ok(())
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}

// ---- requests that the server refuses

fn refusals(server: &Peer) -> anyhow::Result<()> {
    for (text, bytes) in [
        (
            "6. Eight bytes with a length of two gigabytes",
            &[0xff, 0xff, 0xff, 0xff, 0x07, 0x0a, 0x04, 0x77][..],
        ),
        (
            "7. A length that fits, and bytes that are not a HelloRequest",
            &[0x06, 0x0a, 0x09, 0x77, 0x69, 0x72, 0x65],
        ),
        ("8. A request without a name: no field, no byte", &[0x00]),
        (
            "9. Half a request, and then nothing",
            &[0x06, 0x0a, 0x04, 0x77],
        ),
    ] {
        title(text);
        let mut wire = Connection::open(server)?;
        wire.send(bytes)?;
        wire.end()?;
        println!("   the server prints: {}", server.says(TIMEOUT)?);
    }
    println!("   The client gets no reason: a HelloReply has no field for an error.");
    Ok(())
}

// ---- two versions

fn evolution() -> anyhow::Result<()> {
    let path = std::env::temp_dir().join(format!("l05-protobuf-{}.bin", std::process::id()));
    let result = two_versions(&path);
    let _ = std::fs::remove_file(&path);
    result
}

fn two_versions(path: &std::path::Path) -> anyhow::Result<()> {
    title("10. A file of last year's program, read by today's");
    std::fs::write(path, old_book().encode_to_vec())?;
    let file = std::fs::read(path)?;
    let person = &AddressBook::decode(&*file)?.people[0];
    println!(
        "   {} bytes. Number 6, the fax, is unknown today and is skipped.",
        file.len()
    );
    println!(
        "   name {:?}, email {:?}, phones {:?}, last_updated {:?}",
        person.name, person.email, person.phones, person.last_updated
    );

    title("11. A file of today's program, read by last year's");
    std::fs::write(path, new_book().encode_to_vec())?;
    let file = std::fs::read(path)?;
    println!(
        "   {} bytes. Numbers 4, 5, 7 and 8 are unknown to it.",
        file.len()
    );
    println!("   {:?}", OldBook::decode(&*file)?.people[0]);

    title("12. Last year's program writes back what it has read, and today's reads it again");
    let touched = through_the_old_program(&file)?;
    std::fs::write(path, &touched)?;
    let person = &AddressBook::decode(&*std::fs::read(path)?)?.people[0];
    println!("   {} bytes have become {}.", file.len(), touched.len());
    println!(
        "   name {:?}, phones {:?}, links {:?}",
        person.name, person.phones, person.links
    );
    println!("   prost drops unknown fields. Other libraries keep them.");
    Ok(())
}

// ---- the client's end of one connection

struct Connection {
    stream: TcpStream,
    since: Instant,
    got: Vec<u8>,
}

impl Connection {
    fn open(server: &Peer) -> anyhow::Result<Self> {
        let since = Instant::now();
        let stream = TcpStream::connect_timeout(&server.addr, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        // Otherwise the system may wait for more bytes before it sends a small piece.
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            since,
            got: Vec::new(),
        })
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.print(&format!("client writes {} bytes", bytes.len()), bytes, 0);
        self.stream.write_all(bytes)
    }

    /// The next message, without its length.
    fn reply(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut buf = [0; 1024];
        loop {
            let mut rest = &self.got[..];
            if let Ok(length) = varint::read(&mut rest) {
                let length = usize::try_from(length)?;
                if rest.len() >= length {
                    let body = rest[..length].to_vec();
                    let whole = self.got.len() - rest.len() + length;
                    let frame: Vec<u8> = self.got.drain(..whole).collect();
                    self.print(&format!("client reads {whole} bytes"), &frame, 6);
                    return Ok(body);
                }
            }
            let n = self.stream.read(&mut buf)?;
            if n == 0 {
                bail!("the server ended the connection");
            }
            self.got.extend_from_slice(&buf[..n]);
        }
    }

    /// Fails unless the server closes the connection without a reply.
    fn end(&mut self) -> anyhow::Result<()> {
        match self.stream.read(&mut [0; 64]) {
            Ok(0) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            other => bail!("the end of the stream was expected, not {other:?}"),
        }
        println!(
            "  {:8.2}        the server has closed the connection",
            self.ms()
        );
        Ok(())
    }

    fn ms(&self) -> f64 {
        self.since.elapsed().as_secs_f64() * 1000.0
    }

    /// Bytes of the server are printed further right, as in the pictures of the book.
    fn print(&self, what: &str, bytes: &[u8], indent: usize) {
        let shown = &bytes[..bytes.len().min(18)];
        let more = if shown.len() < bytes.len() {
            " ..."
        } else {
            ""
        };
        let gap = "";
        println!("  {:8.2}  {gap:indent$}{what}", self.ms());
        println!("            {gap:indent$}  {}{more}", hex(shown));
    }
}
