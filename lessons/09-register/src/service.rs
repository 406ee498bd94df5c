//! The service that registers itself: lesson 06's greeter with its health. It says who has answered,
//! because from lesson 10 on a caller does not choose that any more.

use std::io;
use std::net::SocketAddr;

use l06_grpc::greeter::Greetings;
use l06_grpc::pb;
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l06_grpc::server::{self, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::RoutesBuilder;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// The name of the service in the .proto file, as health and reflection know it.
pub const GREETER: &str = "greeter.v1.Greeter";

/// The header of a reply that says which instance has made it.
pub const ANSWERED_BY: &str = "answered-by";

/// The options of a service.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What it calls itself in its replies; without one, `greeter-` and its address.
    pub instance: Option<String>,
    /// What a peer may make it hold or wait for.
    pub settings: Settings,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            instance: None,
            settings: Settings::default(),
        }
    }
}

/// A running service. Dropped, it ends, and finishes the calls under way first.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it calls itself.
    pub instance: String,
    health: HealthReporter,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// Starts it. When this returns, it listens and calls itself SERVING.
///
/// # Errors
/// If the address is taken, or is none of this machine's.
pub async fn start(options: Options) -> io::Result<Service> {
    let listener = TcpListener::bind(options.bind).await?;
    let addr = listener.local_addr()?;
    let instance = (options.instance).unwrap_or_else(|| crate::instance::id("greeter", addr));
    let name = (instance.parse()).map_err(|_| {
        let words = format!("`{instance}` cannot be in a header: use plain letters");
        io::Error::new(io::ErrorKind::InvalidInput, words)
    })?;
    let mut routes = RoutesBuilder::default();
    routes.add_service(GreeterServer::new(Named { name }));
    server::add_reflection(&mut routes, &[pb::DESCRIPTORS]).map_err(io::Error::other)?;
    let health = server::add_health(&mut routes);
    server::report(&health, &[GREETER], ServingStatus::Serving).await;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server::serve_with(
        listener,
        routes.routes(),
        options.settings,
        async {
            // Asked, or dropped: both are the end.
            let _ = stopped.await;
        },
    ));
    Ok(Service {
        addr,
        instance,
        health,
        stop,
        task,
    })
}

impl Service {
    /// Sets what the health service answers: SERVING or NOT_SERVING.
    pub async fn report(&self, status: ServingStatus) {
        server::report(&self.health, &[GREETER], status).await;
    }

    /// Returns the reporter of its health; a clone may be kept.
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Takes no more calls, and returns when those under way are finished.
    pub async fn stop(self) {
        let Service { stop, task, .. } = self;
        // If the server has ended already, there is no receiver.
        let _ = stop.send(());
        let _ = task.await;
    }
}

// ANCHOR: named
/// The greeter of lesson 06 with the name of its instance. The contract has no field for the name, so it is in the
/// metadata of the reply.
#[derive(Clone, Debug)]
struct Named {
    name: MetadataValue<Ascii>,
}

#[tonic::async_trait]
impl Greeter for Named {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let mut response = Greetings.say_hello(request).await?;
        let metadata = response.metadata_mut();
        metadata.insert(ANSWERED_BY, self.name.clone());
        Ok(response)
    }
}
// ANCHOR_END: named

/// Returns the id of the instance that has made this reply; `None` if the reply does not say.
pub fn answered_by<M>(response: &Response<M>) -> Option<&str> {
    response.metadata().get(ANSWERED_BY)?.to_str().ok()
}
