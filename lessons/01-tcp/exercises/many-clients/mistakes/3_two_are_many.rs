//! belief: two-are-many
//! words: If two clients work, any number works.
//! check: ten_at_once
//! says: nobody is left to accept

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let here = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for stream in listener.incoming().flatten() {
                    here.fetch_add(1, Ordering::SeqCst);
                    let _ = talk(stream, &here);
                    here.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
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
