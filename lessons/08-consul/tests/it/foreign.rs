//! Clients of Consul by other people, against the real one and against the agent of this lesson:
//! py-consul and the npm package `consul` register, check, discover, watch, store and leave.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::tests;

use crate::support::side::{self, Fresh};
use crate::support::subject::Web;

fn interop(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(part)
}

/// Runs a client against one side; it says `all ok` when it has done everything.
#[track_caller]
fn runs_through(mut client: Command, fresh: Fresh) {
    let server = fresh(None, None).unwrap_or_else(|trouble| panic!("{trouble}"));
    let web = Web::start();
    client.arg(server.addr.to_string());
    client.arg(web.addr.to_string());
    let output = client.output().expect("a client that starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.ends_with("all ok\n"),
        "{said}{errors}"
    );
}

/// A client that is missing fails the test: one that quietly tests nothing would be worse.
fn python() -> Command {
    let mut command = Command::new(testkit::python_with_packages());
    command.arg(interop("python/client.py"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// `node` with our program beside the npm package.
fn node() -> Command {
    let mut command = Command::new("node");
    command.arg(testkit::npm_packages(env!("CARGO_MANIFEST_DIR")).join("client.js"));
    command
}

tests! {
    py_consul_and_the_real_consul: runs_through(python(), side::real);
    py_consul_and_the_agent_of_this_lesson: runs_through(python(), side::agent);
    npm_consul_and_the_real_consul: runs_through(node(), side::real);
    npm_consul_and_the_agent_of_this_lesson: runs_through(node(), side::agent);
}
