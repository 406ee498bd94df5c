use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Serves all clients at the same time. Each line of a client is answered with the number of
/// clients that are connected at this moment: `2 here`.
///
/// A client that breaks off ends its own connection and nothing else.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = AtomicUsize::new(0);
    for stream in listener.incoming() {
        here.fetch_add(1, Ordering::SeqCst);
        talk(stream?, &here)?;
        here.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(())
}

/// One conversation, until the client has finished. This part is right: leave it as it is.
fn talk(stream: TcpStream, here: &AtomicUsize) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        line?; // bytes that are no text are an error
        let answer = format!("{} here\n", here.load(Ordering::SeqCst));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}
