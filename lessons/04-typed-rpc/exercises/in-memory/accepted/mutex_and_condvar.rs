//! Accepted: bytes in a `VecDeque` behind a `Mutex`, with a `Condvar`, in place of a channel of pieces.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Direction {
    state: Mutex<(VecDeque<u8>, bool)>,
    changed: Condvar,
}

impl Direction {
    fn close(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

pub struct End {
    out: Arc<Direction>,
    from: Arc<Direction>,
}

pub fn pipe() -> (End, End) {
    let (one, other) = (
        Arc::new(Direction::default()),
        Arc::new(Direction::default()),
    );
    let end = |out: &Arc<Direction>, from: &Arc<Direction>| End {
        out: Arc::clone(out),
        from: Arc::clone(from),
    };
    (end(&one, &other), end(&other, &one))
}

impl Drop for End {
    fn drop(&mut self) {
        self.out.close();
        self.from.close();
    }
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.from.state.lock().unwrap();
        while state.0.is_empty() && !state.1 {
            state = self.from.changed.wait(state).unwrap();
        }
        state.0.read(buf)
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut state = self.out.state.lock().unwrap();
        if state.1 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.0.extend(buf);
        self.out.changed.notify_all();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
