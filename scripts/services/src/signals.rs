//! Whoever wants this process to end: Ctrl-C, `kill`, a terminal that closes.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The three signals that ask a process to end.
pub struct Asked {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Asked {
    /// From now on these signals no longer end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until somebody asks.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
            _ = self.hang_up.recv() => (),
        }
    }
}
