//! Watch mode: checks one exercise again each time it is saved, and listens to single keys.
//!
//! Everything that can happen arrives as one [`Event`] in one queue: a key, a saved file, news from
//! the session, a signal. One thread takes them out, so a key works at any moment, also while a
//! check hangs: nothing in that thread waits for a check.
//!
//! Layout: `files` hears saves, `keys` reads the keyboard, `signals` waits for the system,
//! `terminal` sets the terminal up and puts it back, `screen` draws, `cut` keeps long output short,
//! `app` decides what each event means, `actions` does what the keys ask, `show` composes what is seen.

mod actions;
mod app;
mod cut;
mod files;
mod keys;
mod screen;
mod show;
mod signals;
mod terminal;

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use anyhow::Result;

use crate::session::{self, Session};

/// How to watch.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The exercise to begin with, or a lesson; without one, the next that is open.
    pub id: Option<String>,
    /// Look at the files instead of waiting for events.
    pub poll: bool,
    /// Lines only: no colour, no marks, nothing drawn over. For a screen reader.
    pub plain: bool,
    /// Lines shown on top, such as the address of the book.
    pub banner: Vec<String>,
}

/// Everything that can happen.
enum Event {
    Key(keys::Key),
    File(files::Heard),
    Session(session::Event),
    Signal(signals::Signal),
}

/// Watches until the learner quits or the system asks to end; the session is closed then, so no
/// check runs on. The terminal is as it was before, whatever happens in between. `news` is what the session tells: a caller
/// that has begun to listen earlier loses nothing.
///
/// # Errors
/// An unknown name in `options`, or a course without exercises.
pub fn run(
    session: Arc<Session>,
    news: Receiver<session::Event>,
    options: Options,
) -> Result<ExitCode> {
    let first = app::first(&session, options.id.as_deref())?;
    let (sender, events) = channel();
    std::thread::spawn({
        let sender = sender.clone();
        move || {
            news.into_iter()
                .try_for_each(|event| sender.send(Event::Session(event)))
        }
    });
    let terminal = Arc::new(terminal::Terminal::remember());
    // Signals first, settings second: no moment in which Ctrl-C would leave the terminal changed.
    signals::listen(Arc::clone(&terminal), {
        let sender = sender.clone();
        move |signal| sender.send(Event::Signal(signal)).is_ok()
    });
    // Puts the settings back at the end of this function, a panic included.
    let changed = terminal::Changed::new(&terminal);
    let current = Arc::new(Mutex::new(first));
    files::listen(&session.course, Arc::clone(&current), options.poll, {
        let sender = sender.clone();
        move |heard| sender.send(Event::File(heard)).is_ok()
    });
    keys::listen(move |key| sender.send(Event::Key(key)).is_ok());

    let screen = screen::Screen::new(options.plain, terminal.has_keyboard(), options.banner);
    let code = app::App::new(Arc::clone(&session), screen, current).run(&events);
    // The prompt comes back first: ending a check may take a moment.
    drop(changed);
    session.close();
    Ok(code)
}
