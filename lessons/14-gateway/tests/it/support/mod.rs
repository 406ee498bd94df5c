//! What the tests of this lesson share: services of every kind, a gateway in front of them, and an HTTP client
//! that sends any bytes.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

pub mod browser;
pub mod every;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use every::{Counts, Every};
use l06_grpc::server::add_reflection;
use l13_framework::edge;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Instance, Registry};
use l14_gateway::gateway::{self, Expose, Settings};
use l14_gateway::pb;
use l14_gateway::pb::every::every_service_server::EveryServiceServer;
use l14_gateway::pb::every::trouble_service_server::TroubleServiceServer;
use l14_gateway::pb::user::say_server::SayServer;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use tonic::service::{Routes, RoutesBuilder};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any test.
pub const TTL: Duration = Duration::from_secs(300);

/// Asks again and again until the answer is yes.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !ask().await {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Settings for a machine that is busy: what should be quick gets a minute.
pub fn patient() -> Settings {
    Settings {
        deadline: PATIENCE,
        per_attempt: PATIENCE / 4,
        reflect_within: PATIENCE / 2,
        expose: Expose::All,
        ..Settings::default()
    }
}

/// A gateway in front of this registry. It serves as long as the test's runtime lives.
pub async fn gateway(registry: &Memory, settings: Settings) -> SocketAddr {
    gateway_to(Arc::new(registry.clone()), settings).await
}

/// The same for any registry.
pub async fn gateway_to(registry: Arc<dyn Registry>, settings: Settings) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = gateway::router(registry, settings);
    let limits = edge::Limits::default();
    tokio::spawn(edge::serve(
        listener,
        router,
        limits,
        std::future::pending(),
    ));
    addr
}

/// Reflection of what is in these descriptors.
pub fn reflection(routes: &mut RoutesBuilder, descriptors: &'static [&'static [u8]]) {
    add_reflection(routes, descriptors).unwrap();
}

/// The descriptors with this one service alone. Reflection tells of all services that are described,
/// whether they are served or not.
pub fn only(service: &str) -> &'static [&'static [u8]] {
    use prost::Message;
    let mut set = prost_types::FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap();
    for file in &mut set.file {
        file.service.retain(|known| known.name() == service);
    }
    let bytes: &'static [u8] = set.encode_to_vec().leak();
    vec![bytes].leak()
}

/// A server with services, until it is stopped. It has a thread of its own, so that it can be killed and
/// paused as a process can.
pub struct Running {
    pub addr: SocketAddr,
    pub id: String,
    pub counts: Arc<Counts>,
    runtime: Option<Runtime>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// While it is there, a server does nothing, and its system goes on to take connections for it.
pub struct Paused {
    _until: std::sync::mpsc::Sender<()>,
}

impl Running {
    /// Everything of `every.v1` and `user.v1`, with reflection.
    pub async fn start(id: &str) -> Running {
        let counts = Arc::new(Counts::default());
        let mut routes = RoutesBuilder::default();
        let every = Every::new(id, counts.clone());
        routes.add_service(EveryServiceServer::new(every.clone()));
        routes.add_service(TroubleServiceServer::new(every.clone()));
        routes.add_service(SayServer::new(every));
        add_reflection(&mut routes, &[pb::DESCRIPTORS]).unwrap();
        Running::with(id, routes.routes(), counts).await
    }

    /// Any services.
    pub async fn with(id: &str, routes: Routes, counts: Arc<Counts>) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let listener = listener.into_std().unwrap();
        let serving = tonic::transport::Server::builder()
            .layer(tonic::service::InterceptorLayer::new(every::count(
                counts.clone(),
            )))
            .add_routes(routes);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
            serving.serve_with_incoming(incoming).await.unwrap();
        });
        Running {
            addr,
            id: id.to_string(),
            counts,
            runtime: Some(runtime),
        }
    }

    /// Stands still until the returned is dropped.
    pub async fn pause(&self) -> Paused {
        let (until, dropped) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        self.runtime.as_ref().unwrap().spawn(async move {
            begun.send(()).unwrap();
            // Its only thread, also for what it hears from the network.
            let _ = dropped.recv();
        });
        has_begun.await.unwrap();
        Paused { _until: until }
    }

    /// As the registry knows it.
    pub fn instance(&self, name: &str, version: &str) -> Instance {
        Instance {
            version: version.to_string(),
            ..Instance::new(name, &self.id, self.addr)
        }
    }

    /// Tells the registry that it is there.
    pub async fn register(&self, registry: &dyn Registry, name: &str) {
        self.register_as(registry, name, "1.0.0").await;
    }

    /// The same, with another version.
    pub async fn register_as(&self, registry: &dyn Registry, name: &str, version: &str) {
        let instance = self.instance(name, version);
        registry.register(&instance, TTL).await.unwrap();
    }

    /// Tells the registry that it leaves.
    pub async fn deregister(&self, registry: &dyn Registry, name: &str) {
        let instance = self.instance(name, "");
        registry.deregister(&instance).await.unwrap();
    }

    /// Kills it, with all connections.
    pub async fn kill(self) {
        let addr = self.addr;
        drop(self);
        until("it is dead", async || {
            tokio::net::TcpStream::connect(addr).await.is_err()
        })
        .await;
    }
}

/// A registry with one instance of `go.micro.srv.every`, and a gateway in front of it.
pub async fn one() -> (Running, SocketAddr) {
    one_with(patient()).await
}

/// The same with these settings.
pub async fn one_with(settings: Settings) -> (Running, SocketAddr) {
    let registry = Memory::new();
    let running = Running::start("every-1").await;
    running.register(&registry, "go.micro.srv.every").await;
    let gateway = gateway(&registry, settings).await;
    (running, gateway)
}
