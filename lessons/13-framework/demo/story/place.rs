//! One registry, ready to be used: its flags, and the server that runs only for it.

use l13_framework::client::{Client, Settings};
use l13_framework::options::Options;
use l13_framework::transport::Transport;

use super::{INTERVAL, TTL};
use crate::backend::Backend;
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
    _backend: Option<Backend>,
}

impl Place {
    /// Starts what the registry needs. An error says what is missing, and how to get it.
    pub async fn open(kind: &str) -> anyhow::Result<Place> {
        let mut flags = vec![format!("--registry={kind}")];
        // mDNS stays at its usual port: a terminal of the reader may listen there.
        let backend = match kind {
            "mdns" => None,
            _ => Some(Backend::start(kind).await?),
        };
        if let Some(addr) = backend.as_ref().and_then(|backend| backend.addr) {
            let http = if kind == "etcd" { "http://" } else { "" };
            flags.push(format!("--registry_address={http}{addr}"));
        }
        Ok(Place {
            kind: kind.to_string(),
            flags,
            service: format!("{}-{}", greeter::NAME, std::process::id()),
            _backend: backend,
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

    /// Returns the options of this process for the registry.
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
