//! Clients over memory and over a socket. The tests are written once and run with each.

use std::sync::Arc;

use l02_rpc::client::Client;
use l02_rpc::server::{Handshake, Settings, serve};
use l02_rpc::service::{Service, Services};
use l04_typed_rpc::memory;
use tokio::net::TcpListener;

pub fn only(service: Service) -> Arc<Services> {
    let mut services = Services::new();
    services.register(service).unwrap();
    Arc::new(services)
}

pub async fn in_memory(services: Arc<Services>) -> Client {
    memory::connect(services, Settings::default())
}

pub async fn over_a_socket(services: Arc<Services>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let settings = Settings::default();
    let never = std::future::pending();
    tokio::spawn(serve(listener, Handshake::None, services, settings, never));
    Client::connect(addr, settings).await.unwrap()
}
