//! What the tests share: a server of ours as a process of its own, and strangers that must be built
//! or installed before they can talk to it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Nothing in a test takes longer than this; if it does, something is broken.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a process of its own, ended with this value.
pub struct Server {
    child: Child,
    /// The address it listens on; ours speaks 2.0 in lines there.
    pub addr: SocketAddr,
    /// Only ours: 2.0 over HTTP, and Go's dialect.
    pub http: Option<SocketAddr>,
    pub go: Option<SocketAddr>,
}

impl Server {
    pub fn ours(more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_l03-json-rpc"));
        let free = "127.0.0.1:0";
        command.args([
            "server",
            "--addr",
            free,
            "--http-addr",
            free,
            "--go-addr",
            free,
        ]);
        command.args(more);
        Server::start(command)
    }

    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut server = (None, None);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (what, addr) = line.split_once(" on ").expect("a server that listens");
            let addr = addr.parse().unwrap();
            match what {
                "http" => server.0 = Some(addr),
                "go" => server.1 = Some(addr),
                _ => {
                    return Server {
                        child,
                        addr,
                        http: server.0,
                        go: server.1,
                    };
                }
            }
        }
        panic!("the server ended before it listened");
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has had, in bytes.
    #[cfg(target_os = "linux")]
    pub fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program prints, if it ends well; else its error output.
pub fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
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
