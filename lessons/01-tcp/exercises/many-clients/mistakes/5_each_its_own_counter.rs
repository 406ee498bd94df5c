//! belief: threads-share-what-looks-shared
//! words: A counter made in the loop is the same for all threads.
//! check: a_silent_client_holds_up_nobody
//! says: must share one counter

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn serve(listener: TcpListener) -> io::Result<()> {
    for stream in listener.incoming() {
        let stream = stream?;
        let here = AtomicUsize::new(0);
        thread::spawn(move || {
            here.fetch_add(1, Ordering::SeqCst);
            let _ = talk(stream, &here);
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
