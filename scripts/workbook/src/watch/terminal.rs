//! The terminal's settings: single keys without echo while we watch, and as before afterwards.
//!
//! Only three settings change. Output is still translated, so a panic message reads as always, and
//! Ctrl-C and Ctrl-Z are still signals. The cursor is never hidden and no second screen is opened:
//! then there is little to put back, even after `kill -9`.

use std::io::IsTerminal;

/// Keeps what the settings were.
pub struct Terminal {
    keyboard: bool,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Terminal {
    /// Remembers the settings, if the keyboard is a terminal.
    pub fn remember() -> Self {
        let keyboard = std::io::stdin().is_terminal();
        Self {
            keyboard,
            #[cfg(unix)]
            before: keyboard
                .then(|| rustix::termios::tcgetattr(std::io::stdin()).ok())
                .flatten(),
        }
    }

    /// Whether somebody can press keys.
    pub fn has_keyboard(&self) -> bool {
        self.keyboard
    }

    /// Changes the settings: at the start, and again after a Ctrl-Z.
    #[cfg(unix)]
    pub fn apply(&self) {
        use rustix::termios::{InputModes, LocalModes, OptionalActions, tcsetattr};
        let Some(mut settings) = self.before.clone() else {
            return;
        };
        settings
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO);
        // Ctrl-S, which many fingers press to save, must not freeze the screen.
        settings.input_modes.remove(InputModes::IXON);
        // A terminal that refuses still works: keys then need Enter.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &settings);
    }

    /// Puts the settings back and throws away keys that nobody has read: they were for us, not for
    /// the shell.
    #[cfg(unix)]
    pub fn restore(&self) {
        use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcsetattr};
        if let Some(before) = &self.before {
            let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }

    /// The same by crossterm; untested.
    #[cfg(not(unix))]
    pub fn apply(&self) {
        if self.keyboard {
            let _ = crossterm::terminal::enable_raw_mode();
        }
    }

    /// The same by crossterm; untested.
    #[cfg(not(unix))]
    pub fn restore(&self) {
        if self.keyboard {
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}

/// As long as it lives, the settings are changed.
pub struct Changed<'a>(&'a Terminal);

impl<'a> Changed<'a> {
    pub fn new(terminal: &'a Terminal) -> Self {
        terminal.apply();
        Self(terminal)
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        self.0.restore();
    }
}
