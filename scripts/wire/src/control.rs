//! The wire while it runs: commands on standard input, one a line, and the dial that they turn.
//!
//! A page or a test that started the wire turns chaos on and off without a new connection. The
//! wire ends when its standard input is closed, also because the process that held the other end
//! was killed. So no wire is left behind on a port.

use std::io::{BufRead, Read};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::sync::{Notify, watch};

use crate::chaos::Chaos;
use crate::event::{Mark, Shown, Tone};
use crate::screen::Screen;

/// The longest command that is read. Longer ones are refused whole.
const MAX_COMMAND: usize = 1024;

/// What chaos is set to, and its number among all settings of this run.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Grows by one each time that chaos is set, also to the same words: `cut-after=9`, said
    /// again, counts again from 0.
    pub number: u64,
    /// What the wire is to do from now on.
    pub chaos: Chaos,
}

/// Sets chaos for all connections, those already open as well.
#[derive(Clone)]
pub struct Dial {
    setting: watch::Sender<Setting>,
}

impl Dial {
    /// A dial that stands on `chaos`.
    pub fn new(chaos: Chaos) -> Dial {
        Dial {
            setting: watch::Sender::new(Setting { number: 0, chaos }),
        }
    }

    /// Sets chaos for everything that crosses from now on.
    pub fn turn(&self, chaos: Chaos) {
        self.setting.send_modify(|setting| {
            setting.number += 1;
            setting.chaos = chaos;
        });
    }

    /// Where a connection looks at the dial.
    pub fn watch(&self) -> watch::Receiver<Setting> {
        self.setting.subscribe()
    }
}

/// Reads commands from `input` on a thread of its own and carries them out, until the input
/// ends; that is what the returned `Notify` tells.
pub fn obey(input: impl BufRead + Send + 'static, dial: Dial, screen: Screen) -> Arc<Notify> {
    let ended = Arc::new(Notify::new());
    let tell = Arc::clone(&ended);
    // Not tokio's standard input: that one keeps a program from ending while a read is waiting.
    std::thread::spawn(move || {
        commands(input, |command| {
            screen.tell(None, None, carry_out(command, &dial));
        });
        tell.notify_one();
    });
    ended
}

/// Calls `each` with every line of `input`, of which it never holds more than [`MAX_COMMAND`].
fn commands(mut input: impl BufRead, mut each: impl FnMut(&[u8])) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MAX_COMMAND as u64 + 1;
        // An input that cannot be read any more has ended for us.
        let Ok(n) = input.by_ref().take(limit).read_until(b'\n', &mut line) else {
            return;
        };
        if n == 0 {
            return;
        }
        let whole = line.len() <= MAX_COMMAND || line.ends_with(b"\n");
        if !whole && input.skip_until(b'\n').is_err() {
            return;
        }
        each(line.trim_ascii());
    }
}

/// Does what one command says; what there is to say about it comes back.
fn carry_out(command: &[u8], dial: &Dial) -> Shown {
    match understand(command) {
        Ok(chaos) => {
            let words = chaos.to_string();
            // Said after it is done: who reads the event may rely on it.
            dial.turn(chaos);
            Shown::new("chaos", Mark::Point, Tone::Good, format!("chaos: {words}"))
                .note("for what crosses from now on")
                .field("chaos", words)
        }
        Err(error) => {
            let (error, words) = (error.to_string(), format!("control: {error}"));
            Shown::new("control-error", Mark::Point, Tone::Wrong, words)
                .note("nothing is changed")
                .field("command", String::from_utf8_lossy(command))
                .field("error", error)
        }
    }
}

fn understand(command: &[u8]) -> Result<Chaos> {
    ensure!(
        command.len() < MAX_COMMAND,
        "a command has at most {MAX_COMMAND} bytes"
    );
    let text = std::str::from_utf8(command).context("a command is UTF-8 text")?;
    let rest = text.strip_prefix("chaos");
    let words = rest.filter(|rest| rest.starts_with(char::is_whitespace));
    let words = words.with_context(|| {
        format!("{text:?} is not known. Known: chaos WORDS, as after --chaos, or chaos none")
    })?;
    let mut chaos = Chaos::default();
    chaos.add(words.trim())?;
    Ok(chaos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(input: &[u8]) -> Vec<(&'static str, String, u64)> {
        let dial = Dial::new(Chaos::default());
        let watch = dial.watch();
        let mut out = Vec::new();
        commands(input, |command| {
            let shown = carry_out(command, &dial);
            let setting = watch.borrow().clone();
            out.push((shown.event, setting.chaos.to_string(), setting.number));
        });
        out
    }

    #[test]
    fn commands_turn_the_dial_and_mistakes_change_nothing() {
        let kept = "split (seed 3), delay 5ms";
        for ((line, expected), told) in [
            ("chaos split=3,delay=5ms", ("chaos", kept, 1)),
            ("chaos splt", ("control-error", kept, 1)),
            ("hello", ("control-error", kept, 1)),
            ("", ("control-error", kept, 1)),
            ("chaos", ("control-error", kept, 1)),
            ("chaos none\r", ("chaos", "none", 2)),
            ("chaos split", ("chaos", "split (seed 1)", 3)),
        ]
        .into_iter()
        .zip(told(
            b"chaos split=3,delay=5ms\nchaos splt\nhello\n\nchaos\nchaos none\r\nchaos split",
        )) {
            assert_eq!((told.0, told.1.as_str(), told.2), expected, "{line}");
        }
    }

    #[test]
    fn a_command_that_is_too_long_is_refused_whole() {
        let mut input = vec![b'x'; 5_000_000];
        input.extend_from_slice(b"\nchaos split\n");
        let told = told(&input);
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].0, told[1].0), ("control-error", "chaos"));
    }
}
