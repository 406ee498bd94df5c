//! What the tests share: our server as a process of its own, and strangers that must be built
//! or installed before they can talk to it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use testkit::program::{PATIENCE, Program, Server};

/// `l03-json-rpc` as a server.
pub struct Ours {
    pub program: Program,
    /// Speaks 2.0 in lines.
    pub addr: SocketAddr,
    /// 2.0 over HTTP.
    pub http: SocketAddr,
    /// Go's dialect.
    pub go: SocketAddr,
}

impl Ours {
    pub fn start(more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_l03-json-rpc"));
        command.arg("server").args(more);
        for option in ["--addr", "--http-addr", "--go-addr"] {
            command.args([option, "127.0.0.1:0"]);
        }
        let Server {
            program,
            addr,
            said,
        } = Server::start(command);
        let of = |words: &str| {
            let addr = said.iter().find_map(|line| line.strip_prefix(words));
            addr.unwrap().parse().unwrap()
        };
        Ours {
            program,
            addr,
            http: of("http on "),
            go: of("go on "),
        }
    }
}

/// Sends all of it, finishes, and gives back everything that comes until the other side ends.
pub fn exchange(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let bytes = bytes.to_vec();
    // On a thread: a server that hangs up early takes no more, and that is no failure here.
    let writing = std::thread::spawn(move || {
        let _ = writer.write_all(&bytes);
        let _ = writer.shutdown(Shutdown::Write);
    });
    let mut got = Vec::new();
    // A reset after the last words is an end as well.
    let _ = stream.read_to_end(&mut got);
    writing.join().unwrap();
    got
}

// ---- strangers

fn interop(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(part)
}

/// Runs a command that prepares something. A stranger that is missing fails the test: one that
/// quietly tests nothing would be worse.
fn prepare(mut command: Command, missing: &str) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{missing}: {error}");
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{missing}?\n{errors}");
}

/// The program of `interop/go/NAME`, built once for each test program.
pub fn go_program(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
        std::fs::create_dir_all(&target).unwrap();
        for name in ["client", "server"] {
            let go = std::env::var_os("GO").unwrap_or("go".into());
            let mut build = Command::new(go);
            build
                .args(["build", "-o"])
                .arg(target.join(name))
                .arg("main.go")
                .current_dir(interop("go").join(name))
                // Nothing but the standard library: no module, no network, no settings of the user.
                .env("GO111MODULE", "off")
                .env("GOFLAGS", "")
                .env("GOENV", "off")
                .env("CGO_ENABLED", "0")
                .env("GOPATH", target.join("path"))
                .env("GOCACHE", target.join("cache"));
            prepare(
                build,
                "this test needs Go on the PATH, or its path in $GO. On Debian and Ubuntu: \
                 sudo apt-get install golang-go",
            );
        }
        target
    });
    built.join(name)
}

/// `node` with a program of `interop/npm`, whose one dependency is installed below `target/`.
pub fn node(file: &str) -> Command {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let missing = "this test needs Node.js 18 or newer and npm. On Debian and Ubuntu: sudo apt-get \
                   install nodejs npm";
    let dir = INSTALLED.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
        std::fs::create_dir_all(&target).unwrap();
        for entry in std::fs::read_dir(interop("npm")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
            }
        }
        let lock = std::fs::read(target.join("package-lock.json")).unwrap();
        let done = target.join("installed.json");
        if std::fs::read(&done).ok().as_ref() != Some(&lock) {
            let mut install = Command::new("npm");
            install
                .args(["ci", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&target);
            prepare(install, missing);
            std::fs::write(done, lock).unwrap();
        }
        target
    });
    let mut command = Command::new("node");
    command.arg(dir.join(file));
    command
}
