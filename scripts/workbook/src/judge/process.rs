//! Runs one supervised command to its end: output line by line, a limit, and a way to stop it.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::capture::Capture;
use super::supervise;

/// Tells a running check to stop. Clones share one switch.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops whatever looks at this switch.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether someone asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Which of the two outputs a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a command ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// By itself.
    Exited(ExitStatus),
    /// At the limit, with everything it had started.
    LimitReached,
    /// Because somebody asked.
    Cancelled,
}

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// From start to end.
    pub took: Duration,
    /// Standard output, bounded.
    pub out: String,
    /// Standard error, bounded.
    pub err: String,
}

/// The longest piece handed on as one line: an output without a newline must not grow for ever.
const LINE: usize = 64 * 1024;
/// How many bytes are read at a time.
const CHUNK: usize = 16 * 1024;
/// How long the supervisor may take to end a tree before it is killed itself.
const PATIENCE: Duration = Duration::from_secs(6);

enum Event {
    Chunk(Stream, Vec<u8>),
    End,
}

/// Runs `command` until it ends, `limit` is over or `cancel` is set; `on_line` sees every line.
///
/// # Errors
/// What the system says when the command cannot be started.
pub fn run(
    command: &Command,
    memory: Option<u64>,
    limit: Option<Duration>,
    cancel: &Cancel,
    on_line: &mut dyn FnMut(Stream, &str),
) -> io::Result<Finished> {
    let child = supervise::spawn(command, memory, false)?;
    drive(child, None, limit, cancel, on_line)
}

/// Runs `command` until it ends or `cancel` is set, and writes to it what comes out of `input`.
///
/// # Errors
/// What the system says when the command cannot be started.
pub fn talk(
    command: &Command,
    input: &Receiver<String>,
    cancel: &Cancel,
    on_line: &mut dyn FnMut(Stream, &str),
) -> io::Result<Finished> {
    let child = supervise::spawn(command, None, true)?;
    drive(child, Some(input), None, cancel, on_line)
}

fn drive(
    mut child: Child,
    input: Option<&Receiver<String>>,
    limit: Option<Duration>,
    cancel: &Cancel,
    on_line: &mut dyn FnMut(Stream, &str),
) -> io::Result<Finished> {
    let started = Instant::now();
    // A bounded number of chunks on the way: a command that prints a gigabyte waits for us.
    let (sender, events) = sync_channel(16);
    if let Some(out) = child.stdout.take() {
        pump(out, Stream::Out, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        pump(err, Stream::Err, sender.clone());
    }
    drop(sender);

    let mut outputs = Outputs::default();
    let deadline = limit.map(|limit| started + limit);
    let mut ending = None;
    let mut open = 2;
    while open > 0 && ending.is_none() {
        match next(&events, deadline) {
            Ok(Event::Chunk(stream, bytes)) => {
                outputs.push(stream, &bytes, on_line);
            }
            Ok(Event::End) => open -= 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let (Some(input), Some(to)) = (input, &mut child.stdin) {
            for text in input.try_iter() {
                // The supervisor always reads; if it has gone, the end comes in a moment.
                let _ = to.write_all(text.as_bytes());
            }
        }
        if cancel.is_cancelled() {
            ending = Some(Ending::Cancelled);
        } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            ending = Some(Ending::LimitReached);
        }
    }
    if ending.is_some() {
        supervise::end(&mut child);
    }
    // The outputs close when the last process is gone, so this wait is short by then.
    let patience = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if ending.is_none() && deadline.is_some_and(|d| Instant::now() >= d) => {
                ending = Some(Ending::LimitReached);
                supervise::end(&mut child);
            }
            None if ending.is_none() && cancel.is_cancelled() => {
                ending = Some(Ending::Cancelled);
                supervise::end(&mut child);
            }
            None if ending.is_some() && Instant::now() >= patience => {
                child.kill()?;
            }
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    };
    while let Ok(event) = events.recv_timeout(Duration::from_millis(200)) {
        if let Event::Chunk(stream, bytes) = event {
            outputs.push(stream, &bytes, on_line);
        }
    }
    outputs.flush(on_line);
    Ok(Finished {
        ending: ending.unwrap_or(Ending::Exited(status)),
        took: started.elapsed(),
        out: outputs.out.0.text(),
        err: outputs.err.0.text(),
    })
}

/// The next event, or a timeout in time for the deadline and for a look at the cancel switch.
fn next(events: &Receiver<Event>, deadline: Option<Instant>) -> Result<Event, RecvTimeoutError> {
    let look = Duration::from_millis(20);
    let left = deadline.map_or(look, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    });
    events.recv_timeout(left.min(look))
}

fn pump(mut from: impl Read + Send + 'static, stream: Stream, to: SyncSender<Event>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    if to.send(Event::Chunk(stream, buffer[..n].to_vec())).is_err() {
                        return;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // The reader may have gone already; then nobody waits for this.
        let _ = to.send(Event::End);
    });
}

/// Both outputs, each with the line that is still growing.
#[derive(Default)]
struct Outputs {
    out: (Capture, Vec<u8>),
    err: (Capture, Vec<u8>),
}

impl Outputs {
    fn push(&mut self, stream: Stream, bytes: &[u8], on_line: &mut dyn FnMut(Stream, &str)) {
        let (capture, line) = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        capture.push(bytes);
        line.extend_from_slice(bytes);
        while let Some(end) = line.iter().position(|b| *b == b'\n') {
            on_line(stream, &String::from_utf8_lossy(&line[..end]));
            line.drain(..=end);
        }
        if line.len() > LINE {
            on_line(stream, &String::from_utf8_lossy(line));
            line.clear();
        }
    }

    fn flush(&mut self, on_line: &mut dyn FnMut(Stream, &str)) {
        for (stream, line) in [
            (Stream::Out, &mut self.out.1),
            (Stream::Err, &mut self.err.1),
        ] {
            if !line.is_empty() {
                on_line(stream, &String::from_utf8_lossy(line));
                line.clear();
            }
        }
    }
}
