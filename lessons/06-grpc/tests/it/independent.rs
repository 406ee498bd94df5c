//! Python programs with grpcio; and a spy on a connection. Lesson 07 takes this file in as well.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// `interop/python/FILE` of this lesson.
pub fn python(file: &str) -> Command {
    let mut command = Command::new(testkit::python_with_packages());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python");
    command
        // Each line at once, and no `__pycache__` beside the lesson.
        .args(["-u", "-B"])
        .arg(script.join(file))
        .env("PYTHONIOENCODING", "utf-8")
        // A handshake that must fail needs no remark of the library.
        .env("GRPC_VERBOSITY", "ERROR");
    command
}

/// Stands between a client and a server, forwards everything and keeps it.
pub struct Spy {
    /// Where the client connects to.
    pub addr: SocketAddr,
    seen: [Arc<Mutex<Vec<u8>>>; 2],
}

impl Spy {
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = [Arc::default(), Arc::default()];
        let kept = seen.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).unwrap();
                let [to_server, to_client] = kept.clone();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || forward(from, to, &to_server));
                std::thread::spawn(move || forward(server, client, &to_client));
            }
        });
        Spy { addr, seen }
    }

    /// Whether these bytes went to the server, and whether they came back from it.
    pub fn saw(&self, bytes: &[u8]) -> [bool; 2] {
        let contains = |seen: &Arc<Mutex<Vec<u8>>>| {
            let seen = seen.lock().unwrap();
            seen.windows(bytes.len()).any(|window| window == bytes)
        };
        [contains(&self.seen[0]), contains(&self.seen[1])]
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, seen: &Mutex<Vec<u8>>) {
    let mut buf = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buf) {
        seen.lock().unwrap().extend_from_slice(&buf[..count]);
        if to.write_all(&buf[..count]).is_err() {
            break;
        }
    }
    // The other side may be gone.
    let _ = to.shutdown(Shutdown::Write);
}
