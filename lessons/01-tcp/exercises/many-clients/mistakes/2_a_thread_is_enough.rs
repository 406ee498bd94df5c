//! belief: a-thread-makes-it-concurrent
//! words: With a thread it is concurrent, even if I wait for the thread.
//! check: a_silent_client_holds_up_nobody
//! says: Client 2 waited for silent client 1

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let stream = stream?;
        let counter = Arc::clone(&here);
        let worker = thread::spawn(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let outcome = talk(stream, &counter);
            counter.fetch_sub(1, Ordering::SeqCst);
            outcome
        });
        let _ = worker.join();
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
