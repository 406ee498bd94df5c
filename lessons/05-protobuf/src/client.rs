//! The greeting client.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::frame::{self, FrameError};
use crate::greeter::{HelloReply, HelloRequest};

/// A connection to a greeting server: one call after the other.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    patience: Duration,
}

impl Client {
    /// Dials. This and each call wait `patience` at most.
    ///
    /// # Errors
    ///
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = timeout(patience, TcpStream::connect(addr)).await??;
        // Small requests that wait for an answer gain nothing from being collected.
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
            patience,
        })
    }

    /// The greeting call.
    ///
    /// # Errors
    ///
    /// `TimedOut` if no reply came in time, `UnexpectedEof` if the server ended the connection instead,
    /// `InvalidData` if what came is no reply. After an error this connection is of no use any more.
    // ANCHOR: greet
    pub async fn greet(&mut self, name: &str) -> io::Result<String> {
        let request = HelloRequest { name: name.into() };
        let call = async {
            self.stream.write_all(&frame::encode(&request)).await?;
            let body = frame::read(&mut self.stream, frame::LIMIT).await;
            let body = body.map_err(in_one_kind)?.ok_or_else(hung_up)?;
            let reply = HelloReply::decode(&*body);
            let reply = reply.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            Ok(reply.message)
        };
        timeout(self.patience, call).await?
    }
    // ANCHOR_END: greet
}

fn hung_up() -> io::Error {
    let words = "the connection ended without a reply; a HelloReply has no place to say why";
    io::Error::new(io::ErrorKind::UnexpectedEof, words)
}

fn in_one_kind(error: FrameError) -> io::Error {
    match error {
        FrameError::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => hung_up(),
        FrameError::Io(error) => error,
        FrameError::Cut => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        FrameError::TooLong { .. } | FrameError::NoLength => {
            io::Error::new(io::ErrorKind::InvalidData, error)
        }
    }
}
