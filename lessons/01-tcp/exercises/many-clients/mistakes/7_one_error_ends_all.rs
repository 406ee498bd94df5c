//! belief: an-error-ends-the-program
//! words: An error of one client is an error of the server.
//! check: breaking_off_ends_one_connection
//! says: the whole server ended

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = AtomicUsize::new(0);
    let broken = AtomicBool::new(false);
    listener.set_nonblocking(true)?;
    thread::scope(|scope| {
        while !broken.load(Ordering::SeqCst) {
            let Ok((stream, _)) = listener.accept() else {
                thread::yield_now();
                continue;
            };
            let _ = stream.set_nonblocking(false);
            let (here, broken) = (&here, &broken);
            scope.spawn(move || {
                here.fetch_add(1, Ordering::SeqCst);
                let outcome = talk(stream, here);
                here.fetch_sub(1, Ordering::SeqCst);
                broken.fetch_or(outcome.is_err(), Ordering::SeqCst);
            });
        }
        drop(listener);
    });
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
