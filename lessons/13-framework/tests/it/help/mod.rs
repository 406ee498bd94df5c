//! What the tests of the service, the client and the broker share.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l06_grpc::pb;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::{Failed, How};
use l13_framework::client::Client;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Error, Instance, Options, Registry, Watch};
use l13_framework::service::{Leaving, Service, ShutdownReport};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tonic::Status;

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The service of most tests.
pub const NAME: &str = "go.micro.srv.greeter";
/// Its method.
pub const HELLO: &str = "greeter.v1.Greeter/SayHello";

/// Asks again and again until the answer is yes.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !ask().await {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A registry in memory.
pub fn memory() -> Arc<dyn Registry> {
    Arc::new(Memory::new())
}

/// Ends quickly: all watches of a registry in memory report it at once.
pub fn leaving() -> Leaving {
    Leaving {
        notice: Duration::from_millis(50),
        ..Leaving::default()
    }
}

/// A greeter, which says who it is.
pub fn greeter(registry: &Arc<dyn Registry>, who: &str) -> Service {
    let who = who.to_string();
    Service::new(NAME)
        .registry(Arc::clone(registry))
        .metadata("who", &who)
        .leaving(leaving())
        .descriptors(pb::DESCRIPTORS)
        .handle(HELLO, move |request: HelloRequest| {
            let message = format!("hello {}, says {who}", request.name);
            async move {
                match request.name.as_str() {
                    "" => Err(Status::invalid_argument("whom shall I greet?")),
                    "slow" => {
                        sleep(Duration::from_millis(300)).await;
                        Ok(HelloReply { message })
                    }
                    _ => Ok(HelloReply { message }),
                }
            }
        })
}

/// A service at work.
pub struct Running {
    pub addr: SocketAddr,
    pub id: String,
    stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<anyhow::Result<ShutdownReport>>,
}

/// Starts it, and returns when the registry has it.
pub async fn start(registry: &Arc<dyn Registry>, service: Service) -> Running {
    let running = begin(service).await;
    let name = NAME.to_string();
    until("it is registered", async || {
        assert!(!running.task.is_finished(), "it has ended");
        let list = registry.get_service(&name).await.unwrap();
        list.iter().any(|one| one.id == running.id)
    })
    .await;
    running
}

/// Starts it.
pub async fn begin(service: Service) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let id = service.id();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(service.run_on(listener, async {
        let _ = stopped.await;
    }));
    Running {
        addr,
        id,
        stop: Some(stop),
        task,
    }
}

impl Running {
    /// Asks it to leave.
    pub fn ask(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Asks it to leave, and waits until it has.
    pub async fn leave(mut self) -> ShutdownReport {
        self.ask();
        self.task.await.unwrap().unwrap()
    }

    /// As a crash: nothing is said any more.
    pub fn crash(self) {
        self.task.abort();
    }
}

/// A registry that can be sent away.
#[derive(Clone, Debug, Default)]
pub struct Away {
    pub inner: Memory,
    away: Arc<Mutex<bool>>,
    only_watches: bool,
}

impl Away {
    /// One that is always unavailable.
    pub fn registry() -> Arc<dyn Registry> {
        let away = Away::default();
        away.away(true);
        Arc::new(away)
    }

    /// One that never gives its list, and reports each instance that is added.
    pub fn that_only_watches() -> Arc<dyn Registry> {
        Arc::new(Away {
            only_watches: true,
            ..Away::default()
        })
    }

    pub fn away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    fn here(&self) -> Result<(), Error> {
        match *self.away.lock().unwrap() {
            true => Err(Error::Away("out for lunch".to_string())),
            false => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl Registry for Away {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        self.inner.init(options)
    }

    fn options(&self) -> &Options {
        self.inner.options()
    }

    fn name(&self) -> &'static str {
        "away"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        self.here()?;
        self.inner.register(instance, ttl).await
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        self.here()?;
        self.inner.deregister(instance).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        self.here()?;
        if self.only_watches {
            std::future::pending::<()>().await;
        }
        self.inner.get_service(name).await
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        self.here()?;
        self.inner.list_services().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        self.here()?;
        let mut inner = self.inner.watch(name).await?;
        let (events, out) = tokio::sync::mpsc::channel(64);
        let away = self.clone();
        tokio::spawn(async move {
            // While it is away its watches have ended.
            while away.here().is_ok() {
                tokio::select! {
                    event = inner.next() => {
                        let Some(event) = event else { return };
                        if events.send(event).await.is_err() {
                            return;
                        }
                    }
                    () = sleep(Duration::from_millis(5)) => {}
                    () = events.closed() => return,
                }
            }
        });
        Ok(Watch::new(out))
    }
}

/// A greeting by name.
pub async fn greet(client: &Client, name: &str) -> Result<String, Failed> {
    Ok(call(client, HELLO, name, How::safe()).await?.message)
}

/// A call of any method that takes and gives what `SayHello` does.
pub async fn call(
    client: &Client,
    method: &str,
    name: &str,
    how: How,
) -> Result<HelloReply, Failed> {
    let request = HelloRequest {
        name: name.to_string(),
    };
    client.call(NAME, method, &request, how).await
}
