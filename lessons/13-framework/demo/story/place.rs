//! One registry, ready to be used: what its flags are, and what runs only for it.

use std::net::UdpSocket;

use l13_framework::client::{Client, Settings};
use l13_framework::options::Options;
use l13_framework::transport::Transport;
use services::consul::{Consul, Setup};
use services::testkit::etcd::Etcd;

use super::{INTERVAL, TTL};
use l13_framework::greeter;

/// A registry that can be used.
pub struct Place {
    /// Its name.
    pub kind: String,
    /// How a service is told of it.
    pub flags: Vec<String>,
    /// The name of the greeters. With the number of this process: a second run at the same time on
    /// the same machine has greeters of its own.
    pub service: String,
    /// Ends with this.
    _server: Server,
}

/// What was started for it.
#[allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "held so that it is ended at the right time"
)]
enum Server {
    None,
    Consul(Consul),
    Etcd(Etcd),
}

impl Place {
    /// Starts what the registry needs. An error says what is missing, and how to get it.
    pub async fn open(kind: &str) -> anyhow::Result<Place> {
        let mut flags = vec![format!("--registry={kind}")];
        let server = match kind {
            "gossip" => {
                // The first one there takes it, and all others ask it who else is there.
                let free = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
                flags.push(format!("--registry_address={free}"));
                Server::None
            }
            "consul" => {
                let consul = Setup::default().start().await?;
                flags.push(format!("--registry_address={}", consul.addr()));
                Server::Consul(consul)
            }
            "etcd" => {
                // It waits until etcd is ready, which takes seconds.
                let etcd = tokio::task::spawn_blocking(Etcd::start).await??;
                flags.push(format!("--registry_address=http://{}", etcd.addr()));
                Server::Etcd(etcd)
            }
            _ => Server::None,
        };
        Ok(Place {
            kind: kind.to_string(),
            flags,
            service: format!("{}-{}", greeter::NAME, std::process::id()),
            _server: server,
        })
    }

    /// The id of a greeter.
    pub fn id(&self, which: &str) -> String {
        format!("{which}-{}", std::process::id())
    }

    /// The arguments of a greeter.
    pub fn server(&self, which: &str, transport: Transport) -> Vec<String> {
        let mut arguments = vec!["server".to_string()];
        arguments.extend(self.flags.iter().cloned());
        arguments.push(format!("--server_name={}", self.service));
        arguments.push(format!("--server_id={}", self.id(which)));
        arguments.push(format!("--register_ttl={TTL}"));
        arguments.push(format!("--register_interval={INTERVAL}"));
        arguments.push(format!("--transport={transport}"));
        arguments
    }

    /// What this process is told of it.
    pub fn options(&self) -> anyhow::Result<Options> {
        let nothing: [(String, String); 0] = [];
        Ok(Options::read(self.flags.iter(), nothing)?)
    }

    /// A client that finds its way by it.
    pub fn client(&self) -> anyhow::Result<Client> {
        let registry = self.options()?.open_registry(None)?;
        Ok(Client::new(registry, Settings::default()))
    }
}
