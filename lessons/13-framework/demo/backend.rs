//! What a registry needs before it can be used: a server for Consul and etcd, a port of its own for those without
//! one, because others on this machine may be at the usual one.

use std::any::Any;
use std::net::{SocketAddr, UdpSocket};

use anyhow::Context;
use services::consul::Setup;
use services::testkit::etcd::Etcd;

/// The server of a registry. It ends when this value is dropped.
pub struct Backend {
    /// Where the registry is, if it has an address.
    pub addr: Option<SocketAddr>,
    /// Which one it is, in words.
    pub which: String,
    _server: Option<Box<dyn Any>>,
}

impl Backend {
    /// Starts what this registry needs. An error says what is missing, and how to get it.
    pub async fn start(registry: &str) -> anyhow::Result<Backend> {
        let none = |which: &str, addr| Backend {
            addr,
            which: which.to_owned(),
            _server: None,
        };
        Ok(match registry {
            "consul" => {
                let consul = Setup::default().start().await?;
                Backend {
                    addr: Some(consul.addr()),
                    which: format!("{} Consul, one agent", consul.side()),
                    _server: Some(Box::new(consul)),
                }
            }
            "etcd" => {
                // It waits until etcd is ready, which takes seconds.
                let etcd = tokio::task::spawn_blocking(Etcd::start).await??;
                Backend {
                    addr: Some(etcd.addr()),
                    which: "one server".to_owned(),
                    _server: Some(Box::new(etcd)),
                }
            }
            "mdns" | "gossip" => {
                let addr = free().context("no port between 20000 and 30000 is free")?;
                none("no server", Some(addr))
            }
            _ => none("in this process", None),
        })
    }
}

/// An address that no process has, and that the system does not give to connections.
fn free() -> Option<SocketAddr> {
    let first = rand::random_range(0..10_000);
    let mut ports = (0..10_000).map(|step| 20_000 + (first + step) % 10_000);
    let port = ports.find(|&port| UdpSocket::bind(("0.0.0.0", port)).is_ok())?;
    Some(([127, 0, 0, 1], port).into())
}
