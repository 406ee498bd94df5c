//! `accept` (inside `incoming`) hands out one connection and serves nobody: while one thread talks,
//! that same thread accepts no one. So each conversation gets a thread of its own, and nobody waits
//! for it to end. What all of them share, the counter, lives in an `Arc`: it must outlive the loop
//! turn that started the thread. Counting out happens whatever `talk` returned, because clients who
//! break off have left as well; their error is news about one connection and ends only that.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Serves all clients at the same time. Each line of a client is answered with the number of
/// clients that are connected at this moment: `2 here`.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let stream = stream?;
        let here = Arc::clone(&here);
        thread::spawn(move || {
            here.fetch_add(1, Ordering::SeqCst);
            let outcome = talk(stream, &here);
            here.fetch_sub(1, Ordering::SeqCst);
            if let Err(error) = outcome {
                eprintln!("a client broke off: {error}");
            }
        });
    }
    Ok(())
}

/// One conversation, until the client has finished.
fn talk(stream: TcpStream, here: &AtomicUsize) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        line?; // bytes that are no text are an error
        let answer = format!("{} here\n", here.load(Ordering::SeqCst));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}
