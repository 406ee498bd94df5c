//! `accept` (inside `incoming`) returns one connection. A thread that talks to a client does not call `accept`
//! meanwhile, so each conversation gets a thread of its own, and the loop does not wait
//! for it. The threads share the counter, so it lives in an `Arc`: it must outlive the loop
//! turn that started the thread. The client is subtracted whatever `talk` returned, because a client whose
//! connection broke has left as well. Its error concerns one connection and ends only that one.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

// Given in given.rs, beside this file: `talk`.
pub use super::given::*;

/// Serves any number of clients at the same time. `talk` answers each line of a client with the number
/// of clients that are connected at this moment: `2 here`.
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
                eprintln!("a connection broke: {error}");
            }
        });
    }
    Ok(())
}
