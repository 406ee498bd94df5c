//! A server for a test, in the same process, on a free port.
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use l02_rpc::client::Client;
use l02_rpc::greeter;
use l02_rpc::server::{Handshake, Settings, serve};
use l02_rpc::service::Services;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Waits at most 10 s; nothing here takes that long, even on a busy machine.
pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("an end within 10 s")
}

pub fn greeter() -> Services {
    greeter::services().unwrap()
}

pub struct Server {
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<io::Result<()>>,
}

impl Server {
    pub async fn start(services: Services, settings: Settings) -> Self {
        Server::with(Handshake::None, services, settings).await
    }

    pub async fn with(handshake: Handshake, services: Services, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            serve(listener, handshake, Arc::new(services), settings, shutdown).await
        });
        Server { addr, stop, ended }
    }

    /// A client with the default settings.
    pub async fn client(&self) -> Client {
        Client::connect(self.addr, Settings::default())
            .await
            .unwrap()
    }

    /// Stops it, and waits until it has.
    pub async fn stop(self) {
        drop(self.stop);
        in_time(self.ended).await.unwrap().unwrap();
    }
}
