//! What is given in this exercise: the answer uses it and does not change it.

use std::io;
use std::net::SocketAddr;

use consulrs::error::ClientError;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::server::{Router, TcpIncoming};
use tonic_health::server::HealthReporter;

/// The name of the gRPC service, as its health service knows it.
pub const GREETER: &str = l09_register::service::GREETER;

/// A greeter that serves. Its port is closed when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// The address that it is bound to.
    pub addr: SocketAddr,
    /// Sets what the health service answers.
    pub health: HealthReporter,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves on `listener` in a task of its own.
pub fn serve(listener: TcpListener, router: Router, health: HealthReporter) -> io::Result<Running> {
    let addr = listener.local_addr()?;
    let task = tokio::spawn(router.serve_with_incoming(TcpIncoming::from(listener)));
    Ok(Running { addr, health, task })
}

/// Why a greeter does not run, or is not registered. `?` makes it of both kinds of error.
#[derive(Debug)]
#[allow(dead_code, reason = "its parts are read by `Debug`")]
pub enum StartError {
    /// The address cannot be bound.
    Listen(io::Error),
    /// Consul did not answer, or refused the registration.
    Consul(ClientError),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::Listen(error)
    }
}

impl From<ClientError> for StartError {
    fn from(error: ClientError) -> Self {
        StartError::Consul(error)
    }
}
