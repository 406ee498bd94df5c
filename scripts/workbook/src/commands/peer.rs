//! `peer`: serves the learner's own answers and lets a program in another language call them.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Command, course, exit, one_word};
use crate::course::Course;
use crate::doctor::{self, Finding};
use crate::judge::build::Place;
use crate::judge::process::{Cancel, Ending, Stream, run as run_process};
use crate::paths::target_dir;
use crate::peer::{Server, build_server, go_program};
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "peer",
    about: "a real program in another language calls your own answers",
    help: "\
Usage: cargo workbook peer 02|03|06|07|15

  02  Python calls your answers of `dispatch` and `errors`, and then tries to read lesson 02's own
      protocol
  03  Go calls your answer of `go-dialect` with the client of its standard library
  06  Python's grpcio calls your answers of `status`, `deadline` and `interceptor`
  07  Python's grpcio calls your answers of `server-stream`, `chat` and `backpressure`
  15  redis-cli and redis-py call your answers of `request-array`, `set-with-expiry` and `once-only`

What has passed is yours, from .workbook/passed/; the solution stands in for the rest. The first
lines say which is which.

Exit code: 0 if every call went as the protocol says, 1 if not, 2 if something else went wrong.

Example: cargo workbook peer 02
",
    run,
};

/// The foreign peer may take so long. It has shorter limits of its own for each call.
const LIMIT: Duration = Duration::from_secs(60);

/// One lesson's peer.
struct Peer {
    lesson: &'static str,
    language: &'static str,
    /// What this machine must have.
    needs: fn(&Course) -> Finding,
    /// The command for the lesson of this name, without its addresses.
    command: fn(&Course, &str) -> Result<Process>,
}

const PEERS: &[Peer] = &[
    Peer {
        lesson: "02-rpc",
        language: "Python",
        needs: |_| doctor::python(),
        command: plain_python,
    },
    Peer {
        lesson: "03-json-rpc",
        language: "Go",
        needs: |_| doctor::go(),
        command: go,
    },
    Peer {
        lesson: "06-grpc",
        language: "Python",
        needs: |course| doctor::python_grpcio(&course.root),
        command: python_with_packages,
    },
    Peer {
        lesson: "07-streaming",
        language: "Python",
        needs: |course| doctor::python_grpcio(&course.root),
        command: python_with_packages,
    },
    Peer {
        lesson: "15-redis",
        language: "Python",
        needs: |course| doctor::redis::both(&course.root),
        command: python_with_packages,
    },
];

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let name = one_word(arguments)?;
    let course = course()?;
    let asked = name.as_deref();
    let peer = asked.and_then(|name| PEERS.iter().find(|peer| is_called(peer.lesson, name)));
    let Some(peer) = peer else {
        bail!("{}", words::peer_unknown(asked));
    };
    // First what is quick: nobody should wait for a build to hear that Go is missing.
    let found = (peer.needs)(&course);
    if let Err(why) = &found.found {
        bail!("{}", words::peer_missing(found.name, why, &found.mend));
    }
    // So that cargo has a folder to watch for answers.
    let passed = course.root.join(".workbook/passed");
    std::fs::create_dir_all(&passed)
        .with_context(|| format!("cannot write {}", passed.display()))?;

    say(&words::peer_builds(peer.lesson));
    let Some(program) = build_server(&Place::home(&course.root), &format!("l{}", peer.lesson))?
    else {
        say(words::PEER_NOT_BUILT);
        return Ok(ExitCode::FAILURE);
    };
    let command = (peer.command)(&course, peer.lesson)?;
    let server = Server::start(&program, |line| say(&format!("  {line}")))?;
    say(&words::peer_begins(peer.language));
    Ok(exit(narrate(peer, command, server)?))
}

/// `02`, `2`, `02-rpc`, `l02-rpc`.
fn is_called(lesson: &str, name: &str) -> bool {
    let number = &lesson[..2];
    let name = name.strip_prefix('l').unwrap_or(name);
    name == lesson || name == number || name == number.trim_start_matches('0')
}

/// Lets the peer call the server and tells what happens. Whether all of it went well.
fn narrate(peer: &Peer, mut command: Process, server: Server) -> Result<bool> {
    command.args(server.addresses());
    let finished = run_process(
        &command,
        None,
        Some(LIMIT),
        &Cancel::default(),
        &mut |stream, line| match stream {
            Stream::Out => say(line),
            Stream::Err => eprintln!("{line}"),
        },
    );
    let finished = finished.with_context(|| format!("cannot start {}", peer.language))?;
    let mut good = match finished.ending {
        Ending::Exited(status) => status.success(),
        Ending::LimitReached | Ending::Cancelled => {
            say(&words::peer_late(peer.language, LIMIT.as_secs()));
            false
        }
    };
    let (remarks, ended) = server.stop()?;
    if !remarks.is_empty() {
        say(words::PEER_REMARKS);
        for line in &remarks {
            say(&format!("  {line}"));
        }
    }
    if let Some(status) = ended {
        good = false;
        say(&words::peer_server_ended(status));
    }
    say(if good {
        words::PEER_GOOD
    } else {
        words::PEER_BAD
    });
    Ok(good)
}

/// `interop/python/peer.py` of a lesson.
fn python(course: &Course, interpreter: OsString, lesson: &str) -> Process {
    let mut command = Process::new(interpreter);
    let script = Path::new("lessons").join(lesson);
    command
        // Each line at once, and no `__pycache__` beside the lesson.
        .args(["-u", "-B"])
        .arg(course.path(&script.join("interop/python/peer.py")))
        .env("PYTHONIOENCODING", "utf-8");
    command
}

fn plain_python(course: &Course, lesson: &str) -> Result<Process> {
    Ok(python(course, doctor::program("PYTHON", "python3"), lesson))
}

fn python_with_packages(course: &Course, lesson: &str) -> Result<Process> {
    Ok(python(
        course,
        doctor::python_with_packages(&course.root),
        lesson,
    ))
}

fn go(course: &Course, lesson: &str) -> Result<Process> {
    let source = course
        .root
        .join("lessons")
        .join(lesson)
        .join("interop/go/peer");
    let work = target_dir(&course.root).join("workbook/go");
    go_program(&source, &work).map(Process::new)
}

/// One line. Whoever reads may have gone; then nobody hears it.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
