//! The transport of a call: gRPC, or the RPC of lessons 02 and 04. A handler is a function from one message to
//! another; neither handlers nor callers depend on the transport.
//!
//! Both carry the message as protobuf, the deadline, and a status with its code. Only gRPC has streams,
//! metadata, compression, reflection, a standard health service, and a frame (GOAWAY) for "send no
//! more on this connection".

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use bytes::Bytes;
use l06_grpc::server::MESSAGE;
use tokio::time::Instant;
use tonic::Status;
use tonic::transport::Channel;

pub use crate::extra::transport::bytes_codec::BytesCodec;
pub use crate::extra::transport::handlers::{DuplicateMethod, Handlers};
pub use crate::extra::transport::method::Method;
pub use crate::extra::transport::own::Wire;
use crate::extra::transport::{grpc, own};

// ANCHOR: transport
/// The transports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// HTTP/2, lesson 06.
    #[default]
    Grpc,
    /// Frames with numbers, lessons 02 and 04.
    Rpc,
}

impl Transport {
    /// The key of the metadata that names the transport of an instance.
    pub const KEY: &str = "transport";

    /// Returns the value of that metadata.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Grpc => "grpc",
            Transport::Rpc => "rpc",
        }
    }
}
// ANCHOR_END: transport

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "grpc" => Ok(Transport::Grpc),
            "rpc" => Ok(Transport::Rpc),
            _ => Err("there are grpc and rpc".to_string()),
        }
    }
}

// ANCHOR: connection
/// A connection to one instance. A clone is the same connection.
#[derive(Clone, Debug)]
pub enum Connection {
    /// A channel of tonic, for anything that gRPC can do.
    Grpc(Channel),
    /// A connection of lesson 02.
    Rpc(Wire),
}

impl Connection {
    /// Dials.
    ///
    /// # Errors
    /// UNAVAILABLE if no server accepts the connection, or none answers before `until`.
    pub async fn dial(kind: Transport, addr: SocketAddr, until: Instant) -> Result<Self, Status> {
        match kind {
            Transport::Grpc => grpc::dial(addr, until).await.map(Connection::Grpc),
            Transport::Rpc => own::dial(addr, until).await.map(Connection::Rpc),
        }
    }

    /// One call, with one message in each direction: bytes of protobuf, of whatever type. The callee
    /// hears how much time it has.
    ///
    /// # Errors
    /// The status of the callee, or why there is none.
    pub async fn unary(
        &self,
        method: &Method,
        message: Vec<u8>,
        until: Instant,
    ) -> Result<Bytes, Status> {
        // Here, and not after half of it was sent and the other side has closed the connection.
        if message.len() > MESSAGE {
            let words = format!(
                "a message of {} bytes, and {MESSAGE} are allowed",
                message.len()
            );
            return Err(Status::resource_exhausted(words));
        }
        match self {
            Connection::Grpc(channel) => grpc::unary(channel.clone(), method, message, until).await,
            Connection::Rpc(wire) => own::unary(wire, method, message, until).await,
        }
    }

    /// Returns whether the server says that it serves: `grpc.health.v1` on gRPC, `Debug.Health`
    /// on our own RPC.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn serves(&self, until: Instant) -> Result<bool, Status> {
        match self {
            Connection::Grpc(channel) => grpc::serves(channel.clone(), until).await,
            Connection::Rpc(wire) => own::serves(wire, until).await,
        }
    }
}
// ANCHOR_END: connection

pub(crate) fn late() -> Status {
    Status::deadline_exceeded("no answer in time; the call may have run all the same")
}
