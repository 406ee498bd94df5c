//! Code under test that misbehaves, in a file of its own as a learner's answer is.

use std::io::{self, Read};
use std::net::TcpStream;

/// Panics with the connection in its hands.
pub fn read(_stream: TcpStream) {
    panic!("bad luck");
}

/// What an `unwrap` on a broken connection does.
pub fn unwrap_a_reset() {
    broken().unwrap();
}

fn broken() -> io::Result<()> {
    // 104 is "connection reset" on Linux; the number of another system gives another kind.
    Err(if cfg!(target_os = "linux") {
        io::Error::from_raw_os_error(104)
    } else {
        io::Error::new(io::ErrorKind::ConnectionReset, "kind: ConnectionReset")
    })
}

/// Not written yet.
pub fn todo() {
    todo!("the first step");
}

/// Asks for the end although the message is complete.
pub fn read_all(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    from.read_to_end(&mut all)?;
    Ok(all)
}

/// Takes 0 bytes for "nothing yet".
pub fn read_for_ever(from: &mut impl Read) {
    while let Ok(_n) = from.read(&mut [0; 64]) {}
}

/// Trusts that another thread was first.
pub fn must_be(ready: bool) {
    assert!(ready, "not ready");
}
