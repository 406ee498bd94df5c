//! Signals, as events: the system asks to end, the window changed, Ctrl-Z and back.

use std::sync::Arc;

use super::terminal::Terminal;

/// What the system wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// End at once, with this exit code: SIGTERM or SIGHUP.
    End(u8),
    /// The window has another size, or we are back from Ctrl-Z.
    Redraw,
}

/// Sends signals until `tell` says that nobody listens. When this returns, they are caught.
///
/// Tokio does the unsafe part of signal handling; nothing else here needs it.
pub fn listen(terminal: Arc<Terminal>, tell: impl Fn(Signal) -> bool + Send + 'static) {
    let ready = Arc::new(std::sync::Barrier::new(2));
    let here = Arc::clone(&ready);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => {
                // Without handlers the signals do what they always do.
                let _ = runtime.block_on(wait(&terminal, &tell, &ready));
            }
            Err(_) => {
                ready.wait();
            }
        }
    });
    here.wait();
}

#[cfg(unix)]
async fn wait(
    terminal: &Terminal,
    tell: &impl Fn(Signal) -> bool,
    ready: &std::sync::Barrier,
) -> std::io::Result<()> {
    use rustix::process::{Signal as Raw, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    let open = || {
        Ok::<_, std::io::Error>((
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::window_change())?,
            signal(SignalKind::from_raw(Raw::TSTP.as_raw()))?,
            signal(SignalKind::from_raw(Raw::CONT.as_raw()))?,
        ))
    };
    let opened = open();
    ready.wait();
    let (mut interrupt, mut terminate, mut hangup, mut window, mut stop, mut go_on) = opened?;
    loop {
        let news = tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::End(128 + 15),
            _ = hangup.recv() => Signal::End(128 + 1),
            _ = window.recv() => Signal::Redraw,
            _ = stop.recv() => {
                // Ctrl-Z: the shell gets its terminal as it was.
                terminal.restore();
                let _ = kill_process(getpid(), Raw::STOP);
                continue;
            }
            // `fg`. Not the line after the stop: this thread may run on for a moment there.
            _ = go_on.recv() => {
                terminal.apply();
                Signal::Redraw
            }
        };
        if !tell(news) {
            return Ok(());
        }
        if news != Signal::Redraw {
            // A screen that takes no more output would hold the main thread; do not wait for it.
            tokio::time::sleep(std::time::Duration::from_secs(8)).await;
            terminal.restore();
            std::process::exit(1);
        }
    }
}

#[cfg(not(unix))]
async fn wait(
    _terminal: &Terminal,
    tell: &impl Fn(Signal) -> bool,
    ready: &std::sync::Barrier,
) -> std::io::Result<()> {
    ready.wait();
    tokio::signal::ctrl_c().await?;
    tell(Signal::Interrupt);
    Ok(())
}
