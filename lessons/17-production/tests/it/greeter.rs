//! The greeter without TLS, with TLS and with mutual TLS: our program on both sides, and grpcio on either.

use std::path::{Path, PathBuf};
use std::process::Command;

use l17_production::machines::greeter::Files;
use tempfile::TempDir;
use testkit::program::{Binary, Program, has_all};

use crate::seeing::python;

const L17: &str = env!("CARGO_BIN_EXE_l17-production");

/// A greeter in a process of its own, and where its certificates are.
struct Greeter {
    addr: String,
    folder: TempDir,
    _program: Program,
}

impl Greeter {
    fn start(flags: &[&str]) -> Greeter {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(L17);
        command.args(["greeter", "--at", "127.0.0.1:0", "--until-stdin-ends"]);
        command.arg("--folder").arg(folder.path()).args(flags);
        let program = Program::start(command);
        Greeter {
            addr: program.says("listening on "),
            folder,
            _program: program,
        }
    }

    fn file(&self, name: &str) -> String {
        let file = self.folder.path().join("greeter").join(name);
        file.to_str().unwrap().to_owned()
    }
}

/// What our client prints, on either output.
fn greet(addr: &str, more: &[&str]) -> String {
    let mut client = Command::new(L17);
    client.args(["greet", "wire", "--at", addr]).args(more);
    both(&mut client)
}

fn grpcio(words: &[&str]) -> Command {
    let (python, file) = python("tls.py");
    let mut command = Command::new(python);
    command.arg(file).args(words);
    command
}

fn both(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let bytes = [done.stdout, done.stderr].concat();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn tls_says_why_a_client_is_not_served() {
    let greeter = Greeter::start(&["--tls"]);
    let authority = greeter.file("authority.pem");
    assert_eq!(greet(&greeter.addr, &["--ca", &authority]), "hello wire\n");
    let told = greet(&greeter.addr, &[]);
    assert!(told.contains("Does the server speak TLS"), "{told}");

    let plain = Greeter::start(&[]);
    assert_eq!(greet(&plain.addr, &[]), "hello wire\n");
    let told = greet(&plain.addr, &["--ca", &authority]);
    assert!(
        told.contains("speaks TLS, and the server does not"),
        "{told}"
    );
    let other = plain.file("authority.pem");
    let told = greet(&greeter.addr, &["--ca", &other]);
    assert!(told.contains("signed by an unknown authority"), "{told}");
    let told = greet(&greeter.addr, &["--ca", "/nowhere/ca.pem"]);
    assert!(told.contains("/nowhere/ca.pem: no certificate"), "{told}");
    let nonsense = plain.folder.path().join("nonsense.pem");
    for text in [
        "",
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&nonsense, text).unwrap();
        let told = greet(&greeter.addr, &["--ca", nonsense.to_str().unwrap()]);
        assert!(told.contains("the authority"), "{told}");
    }
}

#[test]
fn mutual_tls_serves_the_web_alone() {
    let greeter = Greeter::start(&["--mtls"]);
    let [authority, web, own] =
        ["authority.pem", "web.pem", "greeter.pem"].map(|name| greeter.file(name));
    let ask = |more: &[&str]| greet(&greeter.addr, &[&["--ca", &authority], more].concat());
    assert_eq!(ask(&["--identity", &web]), "hello wire\n");
    let told = ask(&[]);
    assert!(
        told.contains("Does the server demand a certificate"),
        "{told}"
    );
    let told = ask(&["--identity", &own]);
    assert!(told.contains("the call failed: Unavailable"), "{told}");
}

#[test]
fn grpcio_is_served_with_our_authority_and_with_no_other() {
    let (tls, mutual) = (Greeter::start(&["--tls"]), Greeter::start(&["--mtls"]));
    let ask = |greeter: &Greeter, more: &[&str]| {
        both(&mut grpcio(&[&["client", &greeter.addr], more].concat()))
    };
    let [of_tls, of_mutual] = [&tls, &mutual].map(|it| it.file("authority.pem"));
    let web = mutual.file("web.pem");
    assert_eq!(ask(&tls, &[&of_tls]), "hello wire\n");
    // Below it, grpcio has words of its own.
    assert!(ask(&tls, &[&of_mutual]).starts_with("UNAVAILABLE\n"));
    assert_eq!(ask(&mutual, &[&of_mutual, &web]), "hello wire\n");
    assert!(ask(&mutual, &[&of_mutual]).starts_with("UNAVAILABLE\n"));
}

#[test]
fn our_client_speaks_tls_with_grpcio() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::make(folder.path()).unwrap();
    let path = |file: &PathBuf| file.to_str().unwrap().to_owned();
    let (authority, web) = (path(&files.authority), path(&files.web));
    let start = |more: &[&str]| {
        let server = Program::start(grpcio(&[&["server", &path(&files.greeter)], more].concat()));
        let addr = server.says("listening on ");
        (server, addr)
    };
    let (_tls, addr) = start(&[]);
    assert_eq!(greet(&addr, &["--ca", &authority]), "hello wire\n");
    assert!(greet(&addr, &[]).contains("the call failed"));
    let (_mutual, addr) = start(&[&authority]);
    let shown = ["--ca", &authority, "--identity", &web];
    assert_eq!(greet(&addr, &shown), "hello wire\n");
    assert!(greet(&addr, &["--ca", &authority]).contains("the call failed"));
    only_the_owner_reads(&files.greeter);
}

fn only_the_owner_reads(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_same_call_without_tls_with_it_and_with_mutual_tls() {
    let told = Binary(L17).tells(&["tls"], &["without TLS", "mutual TLS"]);
    has_all(
        &told,
        &[
            "it is signed by an unknown authority",
            "Does the server speak TLS",
            "Does the server demand a certificate",
        ],
    );
    let row = |how: &str| told.lines().find(|line| line.starts_with(how)).unwrap();
    assert!(row("without TLS").contains(" yes "), "{told}");
    assert!(row("TLS").contains(" no "), "{told}");
}
