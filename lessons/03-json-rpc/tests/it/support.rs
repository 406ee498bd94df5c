//! What the tests share: our server as a process of its own, and independent programs that must be built
//! or installed before they can talk to it.

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
    // On a thread: a server that closes the connection early reads no more, and that is not a failure here.
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

// ---- independent programs

/// The program of `interop/go/NAME`, built once in each process.
pub fn go_program(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
        std::fs::create_dir_all(&target).unwrap();
        // Tests run in many processes: one builds, the others wait.
        let turn = std::fs::File::create(target.join("build.lock")).unwrap();
        turn.lock().unwrap();
        for name in ["client", "server"] {
            build_go(name, &target);
        }
        target
    });
    built.join(name)
}

/// A missing program fails the test, because a skipped test would prove nothing.
fn build_go(name: &str, target: &Path) {
    let go = std::env::var_os("GO").unwrap_or("go".into());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/go");
    let mut build = Command::new(go);
    build
        .args(["build", "-o"])
        .arg(target.join(name))
        .arg("main.go")
        .current_dir(source.join(name))
        // Nothing but the standard library: no module, no network, no settings of the user.
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("GOENV", "off")
        .env("CGO_ENABLED", "0")
        .env("GOPATH", target.join("path"))
        .env("GOCACHE", target.join("cache"));
    let missing = "this test needs Go on the PATH, or its path in $GO. On Debian and Ubuntu: \
                   sudo apt-get install golang-go";
    let output = build.output();
    let output = output.unwrap_or_else(|error| panic!("{missing}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{missing}?\n{errors}");
}

/// `node` with a program of `interop/npm`.
pub fn node(file: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(testkit::npm_packages(env!("CARGO_MANIFEST_DIR")).join(file));
    command
}
