use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// One end of a connection: what is written to it is read at the other one, as on a TCP stream.
///
/// * `read` waits until there is something, and may return less than was written at once
/// * `read` returns 0 once the other end has been dropped and all it wrote has been read, and at
///   no other time (unless the buffer has no room)
/// * `write` to an end whose other one has been dropped is an error, `BrokenPipe`
pub struct End {
    stream: TcpStream,
}

/// Two ends of a connection, for tests: no socket, no port, nothing of the system's.
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
