//! Serves an answer of the learner to any client, for `cargo workbook peer`: whatever it
//! does, the server goes on, and what happened is told in one line on the standard output.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How many connections an answer serves at the same time. More are closed at once: each is a thread.
const SEATS: usize = 64;

thread_local! {
    /// The part that this thread serves.
    static PART: Cell<&'static str> = const { Cell::new("a thread that the answer started") };
}

/// Listens on `addr` and serves everybody by `answer`, a thread each, until the program ends.
///
/// # Errors
/// If it cannot listen there.
pub fn serve(
    part: &'static str,
    own: bool,
    addr: SocketAddr,
    answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<SocketAddr> {
    tell_panics(|| format!("{}: the answer", PART.get()));
    let listener = TcpListener::bind(addr)?;
    let addr = listener.local_addr()?;
    tell(&format!("{part}: {}, on {addr}", whose(part, own)));
    // Each connection holds a clone; the listener's own is the one that counts them.
    let (seats, answer) = (Arc::new(()), Arc::new(answer));
    thread::spawn(move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // No file handles left, for example. Trying at once again would only keep a core busy.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if Arc::strong_count(&seats) > SEATS {
                tell(&format!(
                    "{part}: more than {SEATS} connections, one was refused"
                ));
                continue;
            }
            let (seat, answer) = (Arc::clone(&seats), Arc::clone(&answer));
            thread::spawn(move || {
                PART.set(part);
                // The connection stays open until it is told why it ends: then the words are there
                // before the peer can notice and go on.
                let held = stream.try_clone();
                let ended = panic::catch_unwind(AssertUnwindSafe(|| answer(stream)));
                if let Ok(Err(error)) = ended {
                    tell(&format!("{part}: the answer ended the connection: {error}"));
                }
                drop((held, seat));
            });
        }
    });
    Ok(addr)
}

/// The address of a part that comes so many `after` the one on `addr`: the ports follow each other. Of
/// free ports, which is what 0 stands for, each part takes any.
///
/// # Errors
/// If there are no such ports.
pub fn port_after(addr: SocketAddr, after: u16) -> io::Result<SocketAddr> {
    let port = match addr.port() {
        0 => Some(0),
        port => port.checked_add(after),
    };
    let port = port.ok_or_else(|| io::Error::other("there are no ports left"))?;
    Ok(SocketAddr::new(addr.ip(), port))
}

/// Whose answer a part serves, in words.
pub fn whose(part: &str, own: bool) -> String {
    if own {
        format!("your own answer, .workbook/passed/{part}.rs")
    } else {
        "the solution, because your own has not passed yet".to_string()
    }
}

/// Prints each panic as one line from now on: `who`, and the place in the answer.
pub fn tell_panics(who: impl Fn() -> String + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or(String::new(), |place| {
            let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
            format!(" at {file}:{}", place.line())
        });
        let payload = info.payload();
        let words = payload.downcast_ref::<String>().map(String::as_str);
        let words = words.or(payload.downcast_ref::<&str>().copied());
        let words = words.unwrap_or("no words");
        // Line breaks would look like something that this server says.
        let words = words.replace('\n', " ");
        tell(&format!("{} panicked{place}: {words}", who()));
    }));
}

/// Prints one line and flushes it. A closed standard output is ignored.
pub fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
