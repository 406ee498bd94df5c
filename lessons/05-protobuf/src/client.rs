//! The greeting client.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time;

use crate::frame::{self, FrameError};
use crate::greeter::{HelloReply, HelloRequest};

/// A connection to a greeting server: one call after the other.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    timeout: Duration,
}

impl Client {
    /// Connects. This and each call wait `timeout` at most.
    ///
    /// # Errors
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = time::timeout(timeout, TcpStream::connect(addr)).await??;
        // A small request that waits for its reply must not wait for more bytes.
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
            timeout,
        })
    }

    /// The greeting call.
    ///
    /// # Errors
    /// `TimedOut` if no reply came in time, `UnexpectedEof` if the server ended the connection instead,
    /// `InvalidData` if the bytes are no reply. After an error this connection cannot be used again.
    // ANCHOR: greet
    pub async fn greet(&mut self, name: &str) -> io::Result<String> {
        let request = HelloRequest { name: name.into() };
        let call = async {
            self.stream.write_all(&frame::encode(&request)).await?;
            let body = frame::read(&mut self.stream, frame::LIMIT).await;
            let body = body.map_err(as_io_error)?.ok_or_else(closed)?;
            let reply = HelloReply::decode(&*body);
            let reply = reply.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            Ok(reply.message)
        };
        time::timeout(self.timeout, call).await?
    }
    // ANCHOR_END: greet
}

fn closed() -> io::Error {
    let words = "the connection ended without a reply; a HelloReply has no place to say why";
    io::Error::new(io::ErrorKind::UnexpectedEof, words)
}

fn as_io_error(error: FrameError) -> io::Error {
    match error {
        FrameError::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => closed(),
        FrameError::Io(error) => error,
        FrameError::Cut => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        FrameError::TooLong { .. } | FrameError::NoLength => {
            io::Error::new(io::ErrorKind::InvalidData, error)
        }
    }
}
