//! belief: the-network-works
//! words: Reads and writes work; `unwrap` is fine.
//! check: breaking_off_ends_one_connection
//! says: your code panicked

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let stream = stream?;
        let here = Arc::clone(&here);
        thread::spawn(move || {
            here.fetch_add(1, Ordering::SeqCst);
            talk(stream, &here).unwrap();
            here.fetch_sub(1, Ordering::SeqCst);
        });
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
