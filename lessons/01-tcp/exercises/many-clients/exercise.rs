use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

// Given in given.rs, beside this file: `talk`.
pub use super::given::*;

/// Serves any number of clients at the same time. `talk` answers each line of a client with the number
/// of clients that are connected at this moment: `2 here`.
///
/// * Each client is counted before its first answer, and all clients in one counter.
/// * A client that has left is not counted any more, also if `talk` ended with an error.
/// * An error of one client ends its own connection. The server and the other clients go on.
///
/// So far the function serves one client after the other.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = AtomicUsize::new(0);
    for stream in listener.incoming() {
        here.fetch_add(1, Ordering::SeqCst);
        talk(stream?, &here)?;
        here.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(())
}
