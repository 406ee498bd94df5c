//! Calls by name: the registry lists the instances, a selector chooses one, and the instance says which
//! transport it has. The caller knows a name, a method and a message.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l12_resilience::caller::{self, Caller, Failed, How};
use l12_resilience::connector::Connector;
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use prost::Message;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Status;

use crate::extra::lock;
use crate::registry::{Error, Instance, Registry};
use crate::service_view::ServiceView;
use crate::transport::{Connection, Method, Transport};

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How each of them is made; lesson 12.
    pub call: caller::Settings,
    /// How many names are watched at the same time. Beyond that the name is forgotten that was not used
    /// for the longest time, because names may come from requests.
    pub names: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let call = caller::Settings::default();
        Settings {
            call: caller::Settings {
                mode: FailMode::Over,
                per_attempt: Some(part(call.deadline)),
                ..call
            },
            names: 256,
        }
    }
}

/// Returns the time for one attempt if others may follow: one silent instance must not use up the
/// deadline.
pub(crate) fn part(deadline: Duration) -> Duration {
    deadline * 2 / 5
}

/// Calls services by name. A clone shares the lists and the connections.
#[derive(Clone)]
pub struct Client {
    registry: Arc<dyn Registry>,
    settings: Settings,
    names: Arc<Mutex<HashMap<String, Named>>>,
}

struct Named {
    known: ServiceView,
    caller: Caller<ByTransport>,
    used: Instant,
}

impl Client {
    /// A client that calls the instances in this registry.
    pub fn new(registry: Arc<dyn Registry>, settings: Settings) -> Self {
        Client {
            registry,
            settings,
            names: Arc::default(),
        }
    }

    /// Returns the registry.
    pub fn registry(&self) -> Arc<dyn Registry> {
        Arc::clone(&self.registry)
    }

    /// Lesson 12's caller for a name: to make calls of any kind, streams too, on the connection to one of its
    /// instances. It is made once, and watches from then on. Has to be called within a tokio runtime.
    pub fn service(&self, name: &str) -> Caller<ByTransport> {
        self.named(name).1
    }

    /// Returns the list of a service's instances. As [`Client::service`], it begins to watch.
    pub fn view(&self, name: &str) -> ServiceView {
        self.named(name).0
    }

    // ANCHOR: healthy
    /// The healthy instances, as soon as the registry has answered. The list may be empty.
    ///
    /// # Errors
    /// If the registry has never answered about this name, and does not before `until`.
    pub async fn healthy(&self, name: &str, until: Instant) -> Result<Vec<Instance>, Error> {
        self.view(name).healthy(until).await
    }
    // ANCHOR_END: healthy

    // ANCHOR: call
    /// Calls `user.v1.Say/Hello`, or whatever `method` names, of one of the instances of `service`, on the
    /// transport that this instance has.
    ///
    /// # Errors
    /// [`Failed`]; within the deadline, whatever happens.
    pub async fn call<Req: Message, Res: Message + Default>(
        &self,
        service: &str,
        method: &str,
        request: &Req,
        how: How,
    ) -> Result<Res, Failed> {
        let method: Method = method.parse().map_err(at_home)?;
        let (known, caller) = self.named(service);
        let until = Instant::now() + how.deadline.unwrap_or(self.settings.call.deadline);
        known.any_healthy(until).await.map_err(|error| {
            let words = format!("the instances of {service} are unknown: {error}");
            at_home(Status::unavailable(words))
        })?;
        let how = How {
            deadline: Some(until.saturating_duration_since(Instant::now())),
            ..how
        };
        let message = request.encode_to_vec();
        let (method, message) = (&method, &message);
        let send = |connection: Connection, attempt: caller::Attempt| async move {
            connection
                .unary(method, message.clone(), attempt.until)
                .await
        };
        let reply = caller.call(how, send).await?;
        Res::decode(reply).map_err(|error| Failed::Call {
            status: Status::internal(format!("the reply cannot be read: {error}")),
            attempts: 1,
        })
    }
    // ANCHOR_END: call

    fn named(&self, name: &str) -> (ServiceView, Caller<ByTransport>) {
        let mut names = lock(&self.names);
        if !names.contains_key(name) && names.len() >= self.settings.names {
            let oldest = names.iter().min_by_key(|(_, named)| named.used);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|oldest| names.remove(&oldest));
        }
        let named = names
            .entry(name.to_string())
            .or_insert_with(|| self.begin(name));
        named.used = Instant::now();
        (named.known.clone(), named.caller.clone())
    }

    fn begin(&self, name: &str) -> Named {
        let known = ServiceView::new(Arc::clone(&self.registry), name);
        let dial = ByTransport {
            instances: known.instances(),
        };
        let caller = Caller::new(dial, known.members(), self.settings.call.clone());
        let used = Instant::now();
        Named {
            known,
            caller,
            used,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("registry", &self.registry)
            .field("settings", &self.settings)
            .field("names", &lock(&self.names).keys().collect::<Vec<_>>())
            .finish()
    }
}

/// The failure of a call that was not sent.
fn at_home(status: Status) -> Failed {
    Failed::Call {
        status,
        attempts: 0,
    }
}

// ANCHOR: dial
/// Dials an instance on the transport that its metadata names; without one, on gRPC.
#[derive(Clone, Debug)]
pub struct ByTransport {
    instances: watch::Receiver<Vec<Instance>>,
}

impl Connector for ByTransport {
    type Connection = Connection;

    async fn connect(&self, member: &Member, deadline: Duration) -> Result<Connection, Status> {
        let named = {
            let instances = self.instances.borrow();
            let instance = instances.iter().find(|instance| instance.id == member.id);
            instance.and_then(|instance| instance.metadata.get(Transport::KEY).cloned())
        };
        let kind = match named.as_deref().map(str::parse).transpose() {
            Ok(kind) => kind.unwrap_or_default(),
            Err(_) => {
                let (id, named) = (&member.id, named.unwrap_or_default());
                let words = format!("{id} speaks {named}; this client speaks grpc and rpc");
                return Err(Status::failed_precondition(words));
            }
        };
        Connection::dial(kind, member.addr, Instant::now() + deadline).await
    }
}
// ANCHOR_END: dial
