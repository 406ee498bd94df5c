//! What is printed: bounded, harmless, and readable by eyes, ears and programs.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::Command;

use crate::common::*;
use serde_json::Value;

/// Bytes that try to clear the screen, set the title, ring, turn text round and confuse UTF-8.
const EVIL: &[u8] =
    b"\x1b[2J\x1b]0;owned\x07\xc2\x9b31m\x9b31m\xe2\x80\xae\x08\x7f\0\xff\r\n\xe2\x80\xa8";

/// True for every character that a terminal could obey.
fn drives_a_terminal(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}')
}

/// Sends `chunks` through a wire with `args` and gives back everything printed.
fn printed(args: &[&str], chunks: &[&[u8]]) -> Vec<String> {
    let addr = server(echo);
    let mut wire = Wire::start(addr, args);
    let mut client = wire.connect();
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
    let memory = most_memory(&child);
    assert!(memory < 32 << 20, "the wire took {memory} bytes of memory");

    let (send_line, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::BufRead::lines(out).map_while(Result::ok) {
            if send_line.send(line).is_err() {
                return;
            }
        }
    });
    let (mut shown, mut dropped, mut closed) = (0, 0, None);
    while closed.is_none() || dropped == 0 {
        let line = lines
            .recv_timeout(DEADLINE)
            .expect("the rest of the picture");
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
    signal(&child, "TERM");
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
    signal(&child, "INT");
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

#[test]
fn every_line_of_json_parses_in_every_view() {
    for view in [
        "bytes", "lines", "frames", "json-rpc", "protobuf", "http", "grpc", "resp",
    ] {
        let lines = printed(
            &["--json", "--as", view],
            &[EVIL, &noise(1, 5000), "小明\n".as_bytes(), b"\0\0\0\x01x"],
        );
        for line in &lines {
            let object: Value = serde_json::from_str(line).expect(line);
            assert!(
                object["time_us"].is_u64() && object["event"].is_string(),
                "{line}"
            );
            assert!(!line.chars().any(drives_a_terminal), "{line:?}");
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
            let hex = object["hex"].as_str().unwrap().to_string();
            hex.split(' ')
                .map(|pair| u8::from_str_radix(pair, 16).unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(bytes, EVIL);
}

#[test]
fn a_peer_cannot_drive_the_terminal() {
    for view in [
        "bytes", "lines", "frames", "json-rpc", "protobuf", "http", "grpc", "resp",
    ] {
        for form in [&[][..], &["--plain"][..]] {
            let args = [&["--as", view], form].concat();
            for line in printed(&args, &[EVIL, b"\0\0\0\x0f\x1b]0;owned\x07\x1b[2J", EVIL]) {
                assert!(!line.chars().any(drives_a_terminal), "{view}: {line:?}");
            }
        }
    }
}

#[test]
fn plain_is_sentences_without_drawing() {
    let lines = printed(&["--plain", "--as", "lines"], &[b"xiaoming\n"]);
    let text = lines.join("\n");
    assert!(
        text.contains(r#" s, connection 1, client to server: "xiaoming\n""#),
        "{text}"
    );
    assert!(
        text.contains(r#" s, connection 1, server to client: "xiaoming\n""#),
        "{text}"
    );
    assert!(!text.contains(['▶', '◀', '─', '·', '\x1b']), "{text}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let (listener, addr) = listener();
    let (to, env) = (addr.to_string(), ("TERM", "dumb"));
    let mut child = command(&["--listen", "0", "--to", &to])
        .env(env.0, env.1)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut out, &mut first).unwrap();
    let at = first
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .parse()
        .unwrap();
    drop(connect(at));
    drop(accept(&listener));
    signal(&child, "TERM");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    assert!(rest.contains(" s, connection 1: connected: "), "{rest}");
    assert!(!rest.contains('\x1b'), "{rest}");
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
    let output = Command::new("python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_wire")])
        .output()
        .expect("python3 runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "True False False\n",
        "{words}"
    );
}

/// Text where a frame was expected is called by its letters.
#[test]
fn a_too_long_frame_is_said_in_words() {
    let text = printed(&["--as", "frames"], &[b"hello\n"]).join("\n");
    assert!(
        text.contains(r#"frame length 1751477356? Those are the letters "hell""#),
        "{text}"
    );
    assert!(text.contains("limit 1048576 bytes"), "{text}");
}

#[test]
fn another_machine_is_warned_about() {
    let (_listener, addr) = listener();
    let to = addr.to_string();
    let mut child = command(&["--listen", "0.0.0.0:0", "--to", &to, "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"event\":\"warning\"") {
        line.clear();
        assert!(
            std::io::BufRead::read_line(&mut out, &mut line).unwrap() > 0,
            "no warning"
        );
    }
    assert!(
        line.contains("can be reached from other machines"),
        "{line}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}
