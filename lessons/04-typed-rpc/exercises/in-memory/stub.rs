use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// One end of a connection: what is written to it is read at the other end, as on a TCP stream.
///
/// * `read` waits until there is at least one byte. It may return less than was written at once, and loses nothing.
/// * `read` returns 0 when the other end has been dropped and all of its bytes have been read, and at no other time
///   (unless `buf` is empty). Dropping an end also wakes a `read` that already waits at the other end.
/// * `write` returns `BrokenPipe` when the other end has been dropped.
pub struct End {
    stream: TcpStream,
}

/// Makes the two ends of a connection for tests, without a socket, a port or a file.
pub fn pipe() -> (End, End) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (other, _) = listener.accept().unwrap();
    (End { stream }, End { stream: other })
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buf)
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
