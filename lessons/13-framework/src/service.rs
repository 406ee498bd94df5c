//! A service: its name, its handlers, and its lifecycle. A program is this and its handlers.

mod answers;
mod health;
mod keep;
mod lifecycle;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use l06_grpc::server::Settings;
use l09_register::advertise::Wanted;
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;

use crate::broker::{Subscriber, Subscription};
use crate::client::{self, Client};
use crate::extra::uuid;
use crate::options::{Options, Stop};
use crate::registry::Registry;
use crate::transport::{Handlers, Method, Transport};

pub use lifecycle::ShutdownReport;

/// Ready when the server shall take no more calls.
pub type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time limits of the graceful shutdown's steps; lesson 11 explains them.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    /// For telling the registry, tried again while it is away.
    pub goodbye: Duration,
    /// From then until callers have noticed. The slowest registry decides: on mDNS a goodbye holds after
    /// one second (RFC 6762, section 10.1), the others need a tenth of that.
    pub notice: Duration,
    /// For the calls that are under way after that.
    pub grace: Duration,
}

impl Default for Leaving {
    fn default() -> Self {
        Leaving {
            goodbye: Duration::from_secs(5),
            notice: Duration::from_secs(2),
            grace: Duration::from_secs(10),
        }
    }
}

impl Leaving {
    /// Returns the longest time that the graceful shutdown takes.
    pub fn longest(&self) -> Duration {
        self.goodbye + self.notice + self.grace
    }
}

/// A service before it runs.
pub struct Service {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) id: Option<String>,
    random: String,
    pub(crate) address: SocketAddr,
    pub(crate) advertise: Option<Wanted>,
    pub(crate) registry: Option<Arc<dyn Registry>>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) transport: Transport,
    pub(crate) ttl: Duration,
    pub(crate) interval: Duration,
    settings: Settings,
    leaving: Leaving,
    pub(crate) client: client::Settings,
    pub(crate) until_stdin_ends: bool,
    handlers: Handlers,
    routes: RoutesBuilder,
    /// What `routes` serves, for health.
    routed: Vec<String>,
    descriptors: Vec<&'static [u8]>,
    subscriptions: Vec<Subscription>,
    /// The first mistake that was made while it was put together; `run` tells it.
    fault: Option<String>,
}

// ANCHOR: build
impl Service {
    /// A service of this name: version `latest`, at any free port of 127.0.0.1, on gRPC.
    pub fn new(name: impl Into<String>) -> Self {
        Service {
            name: name.into(),
            version: "latest".to_string(),
            id: None,
            random: uuid::random(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            advertise: None,
            registry: None,
            metadata: BTreeMap::new(),
            transport: Transport::default(),
            ttl: Duration::from_secs(30),
            // A third: two heartbeats in a row may be lost.
            interval: Duration::from_secs(10),
            settings: Settings::default(),
            leaving: Leaving::default(),
            client: client::Settings::default(),
            until_stdin_ends: false,
            handlers: Handlers::default(),
            routes: RoutesBuilder::default(),
            routed: Vec::new(),
            descriptors: Vec::new(),
            subscriptions: Vec::new(),
            fault: None,
        }
    }

    /// Sets the version of the program.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the address to listen on; port 0 is any free one.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the registry, unless a flag names another one.
    pub fn registry(mut self, registry: Arc<dyn Registry>) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Adds a pair of metadata, which callers get with the instance.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets the transport of calls.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Sets the time between two heartbeats, and the time to live: after so long without a
    /// heartbeat the registry removes the instance.
    pub fn register_every(mut self, interval: Duration, ttl: Duration) -> Self {
        self.interval = interval;
        self.ttl = ttl;
        self
    }

    /// Sets the time limits of the graceful shutdown.
    pub fn leaving(mut self, leaving: Leaving) -> Self {
        self.leaving = leaving;
        self
    }

    /// Sets the limits of the server: what a client can make it hold or wait for.
    pub fn limits(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Handles `user.v1.Say/Hello`, or whatever `method` names: one message in, one out, on either
    /// transport.
    pub fn handle<Req, Res, F>(
        mut self,
        method: &str,
        handler: impl Fn(Req) -> F + Send + Sync + 'static,
    ) -> Self
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        F: Future<Output = Result<Res, Status>> + Send + 'static,
    {
        let added = match method.parse::<Method>() {
            Ok(method) => (self.handlers.add(method, handler)).map_err(|twice| twice.to_string()),
            Err(status) => Err(status.message().to_string()),
        };
        self.noted(added)
    }

    /// Serves all methods of a service that tonic has generated, streams too. Only gRPC can do that.
    pub fn grpc<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        if self.routed.iter().any(|there| there == S::NAME) {
            return self.noted(Err(format!("{} is served twice", S::NAME)));
        }
        self.routed.push(S::NAME.to_string());
        self.routes.add_service(service);
        self
    }

    /// Adds a set of .proto files for reflection, as a build writes it.
    pub fn descriptors(mut self, set: &'static [u8]) -> Self {
        self.descriptors.push(set);
        self
    }

    /// Hears what is published on a topic. [`Subscription`] has more to choose: [`Service::hear`].
    pub fn subscribe<S: Subscriber>(self, topic: &str, subscriber: S) -> Self {
        self.hear(Subscription::new(topic, subscriber))
    }

    /// Adds a subscription, which may have a queue name or a limit of its own.
    pub fn hear(mut self, subscription: Subscription) -> Self {
        self.subscriptions.push(subscription);
        self
    }
}
// ANCHOR_END: build

impl Service {
    fn noted(mut self, outcome: Result<(), String>) -> Self {
        if let Err(words) = outcome {
            self.fault.get_or_insert(words);
        }
        self
    }

    /// Returns the name that callers ask for.
    pub fn name(&self) -> &str {
        &self.name
    }

    // ANCHOR: id
    /// The id of this instance: the name and a random number, as in go-micro. Lesson 09 took the address,
    /// so that a restarted service replaces its own dead entry. Here a dead entry ends by itself, and a
    /// random number is better: a restarted service is a new instance, and what callers know about the
    /// old one does not apply to it. Nor can a late deregistration of the old one remove the new one.
    pub fn id(&self) -> String {
        let random = || format!("{}-{}", self.name, self.random);
        self.id.clone().unwrap_or_else(random)
    }
    // ANCHOR_END: id

    /// The registry that it will use.
    ///
    /// # Errors
    /// [`Stop::Wrong`], if none was given and the default cannot be made.
    pub fn registry_in_use(&mut self) -> Result<Arc<dyn Registry>, Stop> {
        let registry = Options::default().open_registry(self.registry.take())?;
        self.registry = Some(Arc::clone(&registry));
        Ok(registry)
    }

    /// A client of the same registry, for handlers that call others. After [`Service::init`].
    ///
    /// # Errors
    /// As for [`Service::registry_in_use`].
    pub fn client(&mut self) -> Result<Client, Stop> {
        Ok(Client::new(self.registry_in_use()?, self.client.clone()))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("id", &self.id())
            .field("address", &self.address)
            .field("transport", &self.transport)
            .field("registry", &self.registry)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}
