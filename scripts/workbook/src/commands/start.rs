//! `start`: the book in the browser, the next open exercise in the terminal.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use lexopt::prelude::*;

use super::{Command, course};
use crate::book::build;
use crate::book::refresh::{self, Change};
use crate::browser;
use crate::server::{App, Server};
use crate::session::{Event, Session};
use crate::watch;
use crate::words::book as words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "start",
    about: "the book in the browser, exercises in the terminal; `cargo run` is the same",
    help: "\
Usage: cargo run [-- [--port N] [--no-open] [--poll] [--plain]]
       cargo workbook start [--port N] [--no-open] [--poll] [--plain]

  --port N   serve the book on 127.0.0.1:N (3000 by default); if it is taken, the next that is free
  --no-open  do not open a browser
  --poll     look at the files ten times a second; for folders where no event tells of a save
  --plain    lines only, no colour, no marks, nothing drawn over: for a screen reader

The book is served to this machine only. Without a terminal the server runs and says in plain lines
what happens. Ctrl-C ends everything.

Example: cargo run -- --port 4000 --no-open
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut port, mut open, mut poll, mut plain) = (3000, true, false, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => port = arguments.value()?.parse::<u16>()?,
            Long("no-open") => open = false,
            Long("poll") => poll = true,
            Long("plain") => plain = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let course = course()?;
    let root = course.root.clone();
    let server = Server::bind(port)?;
    let (address, moved) = (server.address(), port != 0 && server.port() != port);
    let session = Session::open(course);
    let app = server.start(Arc::clone(&session))?;

    // Taken before the build: what changes during it is seen as a change afterwards.
    let seen = build::fingerprint(&root);
    first_build(&root, &app);
    keep_up(&session, &app, seen);

    let mut banner = vec![words::book_is_at(&address)];
    if moved {
        banner.push(words::port_is_taken(port));
    }
    // Before the browser is started: it may fail at once.
    let news = session.listen();
    if open {
        let said = Arc::clone(&session);
        let advice = words::open_it_yourself(&address);
        let late = advice.clone();
        if !browser::open(&address, move || said.tell(&Event::Notice(late))) {
            banner.push(advice);
        }
    }
    watch::run(
        session,
        news,
        watch::Options {
            id: None,
            poll,
            plain,
            banner,
        },
    )
}

/// Builds the book if it has to be built, and shows it.
fn first_build(root: &std::path::Path, app: &App) {
    let built = build::ensure(root, || say(words::BUILDING));
    match &built {
        Ok(None) => {}
        Ok(Some(took)) => say(&words::built(*took)),
        Err(e) => say(&words::not_built(&format!("{e:#}"))),
    }
    // Without a new book the last good one is better than none.
    if let Err(unreadable) = app.show(&build::dir(root)) {
        let why = built.err().unwrap_or(unreadable);
        app.show_failure(&format!("{why:#}"));
    }
}

/// Shows every new state of the book from now on.
fn keep_up(session: &Arc<Session>, app: &Arc<App>, seen: String) {
    let (session, app) = (Arc::clone(session), Arc::clone(app));
    let root = session.course.root.clone();
    let mut broken = false;
    refresh::spawn(root.clone(), seen, move |change| {
        let failed = match change {
            Change::Record => {
                session.tell(&Event::State);
                return;
            }
            Change::Built => app.show(&build::dir(&root)).err().map(|e| format!("{e:#}")),
            Change::Broken(why) => Some(why),
        };
        match failed {
            Some(why) => {
                broken = true;
                session.tell(&Event::Notice(words::not_rebuilt(&why)));
            }
            None => {
                if std::mem::take(&mut broken) {
                    session.tell(&Event::Notice(words::BUILT_AGAIN.to_owned()));
                }
                session.tell(&Event::Reload);
            }
        }
    });
}

/// A line for the learner. A terminal that is gone is no reason to stop serving.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
