//! belief: accept-serves-everyone
//! words: Accept serves everyone.
//! check: a_silent_client_holds_up_nobody
//! says: Client 2 waited for silent client 1

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = AtomicUsize::new(0);
    for stream in listener.incoming() {
        here.fetch_add(1, Ordering::SeqCst);
        let _ = talk(stream?, &here);
        here.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(())
}

fn talk(stream: TcpStream, here: &AtomicUsize) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        line?;
        let answer = format!("{} here\n", here.load(Ordering::SeqCst));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}
