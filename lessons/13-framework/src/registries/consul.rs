//! Consul as a registry, reached through the agent of this machine. Each instance is a service with
//! one check, a time to live that each registration passes.
//!
//! *Pulled*, but held back: Consul answers a question when the answer has changed. *CP* where
//! services are registered, and what the agent knows can be asked for while it has no leader. It
//! needs an agent on each machine, and servers behind them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use l09_register::registry::{self as agent, Registry as Agent};
use l10_discover::health;

use super::bounds;
use crate::extra::lock;
use crate::extra::registries::{consul_follow as follow, consul_lists, consul_words as words};
use crate::registry::{Error, Instance, Options, Registry, Watch};

/// Where an agent listens by default.
const PORT: u16 = 8500;

/// The registry that speaks with the Consul agent of this machine.
#[derive(Default)]
pub struct Consul {
    options: Options,
    agent: OnceLock<Agent>,
    /// What we have registered, by its id.
    ours: Mutex<HashMap<String, (Instance, Duration)>>,
}

impl std::fmt::Debug for Consul {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consul")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Consul {
    /// At 127.0.0.1:8500, unless the options name another.
    pub fn new() -> Self {
        Consul::default()
    }

    /// Through this agent, which may want TLS and a token.
    pub fn through(agent: Agent) -> Self {
        Consul {
            agent: agent.into(),
            ..Consul::default()
        }
    }

    fn agent(&self) -> Result<&Agent, Error> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let usual = SocketAddr::from(([127, 0, 0, 1], PORT));
        let addr = self.options.addresses.first().copied().unwrap_or(usual);
        let agent = Agent::at(addr).map_err(|error| Error::Invalid(format!("{error:#}")))?;
        let agent = agent.with_deadline(self.options.timeout);
        Ok(self.agent.get_or_init(|| agent))
    }

    // ANCHOR: register
    /// A heartbeat is one call. If the agent does not know the check, or the instance has changed, it
    /// is registered first. A new check is critical until it is passed.
    async fn put(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        let agent = self.agent()?;
        let ours = (instance.clone(), ttl);
        if lock(&self.ours).get(&instance.id) == Some(&ours) {
            match pass(agent, &instance.id).await {
                // The agent was restarted without state, or an operator has deregistered us.
                Err(agent::Error::Refused { .. }) => {}
                other => return other.map_err(Error::from),
            }
        }
        agent.register(&words::service(instance, ttl)).await?;
        pass(agent, &instance.id).await?;
        lock(&self.ours).insert(instance.id.clone(), ours);
        Ok(())
    }
    // ANCHOR_END: register
}

async fn pass(agent: &Agent, id: &str) -> Result<(), agent::Error> {
    let check = words::check(id);
    let call = consulrs::check::pass(agent.client(), &check, None);
    agent.in_time(call).await
}

#[tonic::async_trait]
impl Registry for Consul {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        if options.addresses.len() > 1 {
            let words = "Consul is reached through one agent, that of this machine, which knows the \
                         others; name one address";
            return Err(Error::Invalid(words.to_owned()));
        }
        self.options = options;
        self.agent = OnceLock::new();
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn name(&self) -> &'static str {
        "consul"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        bounds::check(instance)?;
        bounds::ttl(ttl)?;
        bounds::in_time("Consul", self.options.timeout, self.put(instance, ttl)).await
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        bounds::name(&instance.name)?;
        let gone = self.agent()?.deregister(&words::id(&instance.id)).await;
        gone?;
        lock(&self.ours).remove(&instance.id);
        Ok(())
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        bounds::name(name)?;
        let agent = self.agent()?;
        let answer = health::ask(agent, &words::query(name), None, self.options.timeout).await?;
        Ok(words::instances(&answer, name))
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        let agent = self.agent()?;
        Ok(consul_lists::names(agent, None, self.options.timeout)
            .await?
            .0)
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        if let Some(name) = name {
            bounds::name(name)?;
        }
        follow::follow(self.agent()?, name).await
    }
}

impl From<agent::Error> for Error {
    fn from(error: agent::Error) -> Self {
        match error {
            agent::Error::Away(words) => Error::Away(words),
            // Without a leader: 500, `No cluster leader`.
            agent::Error::Refused { code, .. } if code >= 500 || code == 429 => {
                Error::Away(error.to_string())
            }
            agent::Error::Refused { .. } => Error::Refused(error.to_string()),
            agent::Error::Id(_) => Error::Invalid(error.to_string()),
        }
    }
}

impl From<health::Error> for Error {
    fn from(error: health::Error) -> Self {
        match error {
            health::Error::Name(_) => Error::Invalid(error.to_string()),
            health::Error::Consul(error) => error.into(),
            health::Error::Malformed(_) => Error::Refused(error.to_string()),
        }
    }
}
