//! What is printed: bounded, harmless, and readable by eyes, ears and programs.

use std::io::{BufRead, Read, Write};
use std::net::Shutdown;

use serde_json::Value;
use testkit::program::{has_all, most_memory, run, signal};
use testkit::python;

use crate::common::*;

/// Bytes that try to clear the screen, set the title, ring, turn text round and confuse UTF-8.
const EVIL: &[u8] =
    b"\x1b[2J\x1b]0;owned\x07\xc2\x9b31m\x9b31m\xe2\x80\xae\x08\x7f\0\xff\r\n\xe2\x80\xa8";

/// True for every character that a terminal could obey.
fn drives_a_terminal(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}')
}

/// Sends `chunks` through a wire with `args` and gives back everything printed.
fn printed(args: &[&str], chunks: &[&[u8]]) -> Vec<String> {
    let (mut wire, mut client) = Wire::to_echo(args);
    for chunk in chunks {
        client.write_all(chunk).unwrap();
        client.read_exact(&mut vec![0; chunk.len()]).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut client).is_empty());
    if args.contains(&"--json") {
        wire.event("closed");
    } else {
        wire.line_with("closed:");
    }
    wire.program.signal("INT");
    wire.end().1
}

/// Nobody reads the screen while 100 MB cross: they cross, memory stays bounded, and the gap
/// is counted.
#[test]
fn a_stopped_screen_does_not_stop_the_traffic() {
    const LEN: usize = 100_000_000;
    let (listener, addr) = listener();
    let (mut child, out, at) = start_unread(addr, &["--json", "--show", "1024"]);
    let mut client = connect(at);
    let mut server = accept(&listener);
    let bytes = noise(3, LEN);
    let sending = send(&client, &bytes);
    let received = read_all(&mut server);
    sending.join().unwrap();
    assert_eq!(received.len(), LEN);
    assert!(received == *bytes);
    // A few more connections: their news have places of their own.
    server.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut client).is_empty());
    let memory = most_memory(child.id());
    assert!(memory < 32 << 20, "the wire took {memory} bytes of memory");

    let mut lines = out.lines();
    let (mut shown, mut dropped, mut closed) = (0, 0, None);
    while closed.is_none() || dropped == 0 {
        let line = lines.next().expect("the rest of the picture").unwrap();
        let object: Value = serde_json::from_str(&line).expect(&line);
        match object["event"].as_str() {
            Some("bytes") => shown += object["len"].as_u64().unwrap(),
            Some("dropped") => dropped += object["count"].as_u64().unwrap(),
            Some("closed") => closed = Some(object),
            _ => {}
        }
    }
    assert_eq!(closed.unwrap()["bytes_to_server"], LEN);
    assert!(
        dropped > 0 && shown < LEN as u64,
        "{dropped} dropped, {shown} bytes shown"
    );
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Ctrl-C with a screen that takes nothing: the wire ends all the same.
#[test]
fn a_stopped_screen_does_not_stop_ctrl_c() {
    let (listener, addr) = listener();
    let (mut child, out, at) = start_unread(addr, &[]);
    let client = connect(at);
    let mut server = accept(&listener);
    let sending = send(&client, &noise(3, 5_000_000));
    assert_eq!(read_all(&mut server).len(), 5_000_000);
    sending.join().unwrap();
    signal(child.id(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(out);
}

/// `wire ... | head`: when nobody can read any more, the wire ends.
#[test]
fn a_closed_screen_ends_the_wire() {
    let (listener, addr) = listener();
    let (mut child, out, at) = start_unread(addr, &[]);
    drop(out);
    let client = connect(at);
    let _server = accept(&listener);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(client);
}

/// In every view and form; and every line of JSON parses.
#[test]
fn a_peer_cannot_drive_the_terminal() {
    let title = b"\0\0\0\x0f\x1b]0;owned\x07\x1b[2J";
    let chunks = [
        EVIL,
        title,
        EVIL,
        &noise(1, 5000),
        "小明\n".as_bytes(),
        b"\0\0\0\x01x",
    ];
    for view in VIEWS {
        for form in [&["--json"][..], &["--plain"], &[]] {
            for line in printed(&[&["--as", view], form].concat(), &chunks) {
                assert!(!line.chars().any(drives_a_terminal), "{view}: {line:?}");
                if form == ["--json"] {
                    let object: Value = serde_json::from_str(&line).expect(&line);
                    let whole = object["time_us"].is_u64() && object["event"].is_string();
                    assert!(whole, "{line}");
                }
            }
        }
    }
}

/// JSON keeps the exact bytes.
#[test]
fn json_has_the_exact_bytes_in_hex() {
    let lines = printed(&["--json"], &[EVIL]);
    let bytes: Vec<u8> = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|object| object["event"] == "bytes" && object["dir"] == "client-to-server")
        .flat_map(|object| {
            let pairs = object["hex"].as_str().unwrap().split(' ');
            let bytes = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap());
            bytes.collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(bytes, EVIL);
}

#[test]
fn plain_is_sentences_without_drawing() {
    let lines = printed(&["--plain", "--as", "lines"], &[b"xiaoming\n"]);
    let text = lines.join("\n");
    has_all(
        &text,
        &[
            r#" s, connection 1, client to server: "xiaoming\n""#,
            r#" s, connection 1, server to client: "xiaoming\n""#,
        ],
    );
    assert!(!text.contains(['▶', '◀', '─', '·', '\x1b']), "{text}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let mut command = wire_to(server(echo), &[]);
    command.env("TERM", "dumb");
    let mut wire = Wire::run(command);
    let _client = wire.connect();
    wire.line_with(" s, connection 1: connected: ");
    wire.program.signal("TERM");
    let text = wire.end().1.join("\n");
    assert!(!text.contains('\x1b'), "{text}");
}

/// Colours on a real terminal, none with NO_COLOR: asked through a pseudo-terminal.
#[test]
fn colours_only_where_they_are_wanted() {
    let script = r"
import os, pty, sys
def run(env):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(env)
        os.execv(sys.argv[1], [sys.argv[1], '--listen', '0', '--to', '1'])
    out = b''
    while b'Ctrl-C ends' not in out:
        out += os.read(fd, 4096)
    os.kill(pid, 15)
    os.waitpid(pid, 0)
    return b'\x1b[' in out
os.environ.pop('NO_COLOR', None)
print(run({'TERM': 'xterm'}), run({'TERM': 'xterm', 'NO_COLOR': '1'}), run({'TERM': 'dumb'}))
";
    let mut command = python();
    let (_, printed, errors) = run(command.args(["-c", script, env!("CARGO_BIN_EXE_wire")]));
    assert_eq!(printed, "True False False\n", "{errors}");
}

#[test]
fn another_machine_is_warned_about() {
    let (_listener, addr) = listener();
    let to = addr.to_string();
    let args = ["--listen", "0.0.0.0:0", "--to", &to, "--json"];
    let warning = Wire::run(command(&args)).event("warning");
    let text = warning["text"].as_str().unwrap();
    has_all(text, &["can be reached from other machines"]);
}
