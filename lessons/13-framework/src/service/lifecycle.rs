//! The life of a service: bound, answering, registered, kept, and left well.

use std::fmt::Display;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use l06_grpc::server;
use l09_register::advertise::{self, Unreachable};
use stage::signal;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tonic::service::Routes;
use tonic_health::ServingStatus::Serving;

use super::health::Health;
use super::keep::{Keeper, Kept};
use super::{Leaving, Service, Shutdown, answers};
use crate::broker;
use crate::extra::log;
use crate::extra::transport::{grpc, own_server};
use crate::registry::Instance;
use crate::transport::Transport;

/// The result of the graceful shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Whether the registry was told.
    pub told: bool,
    /// Whether every call that had begun was finished. If not, what is left of them ends with the program,
    /// or with their own deadlines.
    pub finished: bool,
}

impl Service {
    // ANCHOR: run
    /// Runs it until Ctrl-C or SIGTERM, and then leaves well. A second Ctrl-C ends it at once.
    ///
    /// # Errors
    /// If it cannot start, or has not left well: in words that say what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        let (listener, shutdown) = self.listen().await?;
        let left = self.run_on(listener, shutdown).await?;
        left.well()
    }

    /// Listens where it shall, and on signals. For [`Service::run_with`]. If the program has no subscriber
    /// of `tracing`, events are lines on the standard output from now on.
    ///
    /// # Errors
    /// If the address is taken, or none of this machine's.
    pub fn listen(
        &self,
    ) -> impl Future<Output = anyhow::Result<(TcpListener, Shutdown)>> + Send + use<> {
        let (address, stdin) = (self.address, self.until_stdin_ends);
        let longest = self.leaving.longest().as_secs_f64().ceil();
        log::to_stdout();
        async move {
            // Before the first line of output, because a signal may follow it.
            let mut stop = signal::on_signal(stdin)?;
            let listener = TcpListener::bind(address).await.map_err(|error| {
                signal::taken(address, "--server_address 127.0.0.1:8801", &error)
            })?;
            let shutdown: Shutdown = Box::pin(async move {
                let _ = stop.wait_for(|stop| *stop).await;
                tracing::info!("leaving: at most {longest} s; Ctrl-C once more ends it at once");
                end_at_once_when_asked_again();
            });
            Ok((listener, shutdown))
        }
    }
    // ANCHOR_END: run

    /// Runs it on a listener, until `shutdown` is ready, and then leaves well.
    ///
    /// # Errors
    /// If it cannot start: a fault of the builder, an address that no client could dial, a
    /// name that the registry cannot hold.
    pub async fn run_on(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> anyhow::Result<ShutdownReport> {
        let id = self.id();
        let inboxes = broker::open(&self.subscriptions, &id);
        if !self.subscriptions.is_empty() {
            self.descriptors.push(broker::pb::DESCRIPTORS);
            let added = broker::deliver(&mut self.handlers, Arc::clone(&inboxes));
            self = self.noted(added.map_err(|twice| twice.to_string()));
        }
        let grace = self.leaving.grace;
        // The caller that waits for the server counts the grace. This is later.
        let mut settings = self.settings.clone();
        settings.grace = grace + Duration::from_secs(1);
        let handlers = self.handlers.clone();
        let mut left = match self.transport {
            Transport::Grpc => {
                let (health, routes) = self.routes().await?;
                let serve = |listener, stop| grpc::serve(listener, routes, settings, stop);
                self.live(listener, shutdown, serve, health).await?
            }
            Transport::Rpc => {
                if let Some(name) = self.routed.first() {
                    bail!(
                        "{name} was made for gRPC, and this service runs on --transport rpc: give its \
                         methods to `handle`, or leave the transport at grpc"
                    );
                }
                let (serving, says) = watch::channel(true);
                let serve = |listener, stop| async move {
                    own_server::serve(listener, &handlers, &settings, says, stop).await
                };
                let health = Health::Own(serving);
                self.live(listener, shutdown, serve, health).await?
            }
        };
        // Messages accepted before the shutdown are still delivered.
        left.finished &= inboxes.finish(grace).await;
        Ok(left)
    }

    /// Runs the service around another server: axum, for example. It gets the listener, and has to take
    /// no more calls when the future that it gets is ready, and return when those under way are
    /// finished.
    ///
    /// # Errors
    /// As for [`Service::run_on`], and what the server says.
    pub async fn run_with<F, E>(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
        serve: impl FnOnce(TcpListener, Shutdown) -> F,
    ) -> anyhow::Result<ShutdownReport>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<anyhow::Error>,
    {
        let ours = !self.handlers.is_empty() || !self.routed.is_empty();
        if ours || !self.subscriptions.is_empty() {
            bail!("handlers and subscribers need a server of our own: `run`, not `run_with`");
        }
        let serve = |listener, stop| {
            let serving = serve(listener, stop);
            async move { serving.await.map_err(Into::into) }
        };
        self.live(listener, shutdown, serve, Health::Unknown).await
    }

    /// All that is served on gRPC.
    async fn routes(&mut self) -> anyhow::Result<(Health, Routes)> {
        let mut names = self.routed.clone();
        names.extend(self.handlers.services());
        let mut routes = std::mem::take(&mut self.routes);
        server::add_reflection(&mut routes, &self.descriptors)
            .context("the descriptors are broken")?;
        let reporter = server::add_health(&mut routes);
        let of: Vec<&str> = names.iter().map(String::as_str).collect();
        server::report(&reporter, &of, Serving).await;
        let routes = grpc::routes(routes.routes(), &self.handlers);
        Ok((Health::Grpc(reporter, names), routes))
    }

    // ANCHOR: life
    async fn live<F>(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
        serve: impl FnOnce(TcpListener, Shutdown) -> F,
        health: Health,
    ) -> anyhow::Result<ShutdownReport>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        if let Some(fault) = self.fault.take() {
            bail!(fault);
        }
        let registry = self.registry_in_use()?;
        let bound = listener.local_addr()?;
        let addr = self.advertised(bound)?;
        let instance = self.instance(addr, &health);
        let mut instances = broker::instances(&self.subscriptions, &instance);
        instances.insert(0, instance);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped: Shutdown = Box::pin(async {
            // Asked, or given up: both are the end.
            let _ = stopped.await;
        });
        // In a set, so that it ends when this future is dropped.
        let mut server = JoinSet::new();
        server.spawn(serve(listener, stopped));
        tokio::select! {
            answers = answers::wait(bound, self.speaks(&health)) => answers?,
            ended = server.join_next() => return Err(early(ended)),
        }
        tracing::info!("listening on {bound}");
        let keeper = Keeper {
            registry,
            instances,
            ttl: self.ttl,
            interval: self.interval,
        };
        let mut kept = keeper.keep();
        tokio::select! {
            () = shutdown => {}
            error = kept.never() => bail!("it cannot be registered: {error}"),
            ended = server.join_next() => return Err(early(ended)),
        }
        // What was handled is with the server; what is left of the service is not needed any more.
        leave(self.leaving, health, kept, server, stop).await
    }
    // ANCHOR_END: life

    /// Where others go.
    fn advertised(&self, bound: SocketAddr) -> anyhow::Result<SocketAddr> {
        advertise::address(bound, self.advertise).map_err(|why| match why {
            Unreachable::Everywhere(ip) => anyhow::anyhow!(
                "{ip} is every address of this machine and none that others could dial: say which one \
                 with --server_advertise, for example --server_advertise 127.0.0.1"
            ),
            other => other.into(),
        })
    }

    fn instance(&self, addr: SocketAddr, health: &Health) -> Instance {
        let speaks = self.speaks(health).map_or("http", Transport::name);
        let mut metadata = self.metadata.clone();
        metadata.insert(Transport::KEY.to_string(), speaks.to_string());
        Instance {
            id: self.id(),
            name: self.name.clone(),
            version: self.version.clone(),
            addr,
            metadata,
        }
    }

    /// What its server understands.
    fn speaks(&self, health: &Health) -> Option<Transport> {
        match health {
            Health::Unknown => None,
            _ => Some(self.transport),
        }
    }
}

impl ShutdownReport {
    /// Leaving otherwise than well is an error of the program.
    ///
    /// # Errors
    /// What was not well.
    pub fn well(self) -> anyhow::Result<()> {
        match self {
            ShutdownReport { told: false, .. } => {
                bail!("the registry still has the entry, until its time to live is over")
            }
            ShutdownReport {
                finished: false, ..
            } => bail!("calls were cut off after the grace"),
            ShutdownReport { .. } => Ok(()),
        }
    }
}

// ANCHOR: leave
/// Shuts down in the steps of lesson 11. Calls are answered until the last step.
async fn leave(
    limits: Leaving,
    health: Health,
    kept: Kept,
    mut server: JoinSet<anyhow::Result<()>>,
    stop: oneshot::Sender<()>,
) -> anyhow::Result<ShutdownReport> {
    // NOT_SERVING, for clients that watch its health. Calls are still accepted.
    health.end().await;
    // For callers that watch the registry.
    let told = match kept.leave(limits.goodbye).await {
        Ok(()) => {
            tracing::info!("is off the list, and answers every call");
            // Callers may still use the list that they have read before.
            sleep(limits.notice).await;
            true
        }
        // Callers are not informed, so there is no notice to wait for.
        Err(error) => {
            tracing::warn!("could not say goodbye: {error}");
            false
        }
    };
    // An error says that the server has ended already.
    let _ = stop.send(());
    let finished = timeout(limits.grace, server.join_next()).await.is_ok();
    match finished {
        true => tracing::info!("has finished what was under way"),
        false => {
            tracing::warn!("the grace is over: what is still under way ends with this program")
        }
    }
    Ok(ShutdownReport { told, finished })
}
// ANCHOR_END: leave

/// The second signal ends the program at once.
fn end_at_once_when_asked_again() {
    // Without signals there is nothing to wait for.
    let Ok(mut again) = signal::on_signal(false) else {
        return;
    };
    tokio::spawn(async move {
        if again.wait_for(|stop| *stop).await.is_ok() {
            eprintln!("ended at once, as asked a second time: calls may be lost");
            std::process::exit(1);
        }
    });
}

/// A server that ends before it was asked to.
fn early(ended: Option<Result<anyhow::Result<()>, impl Display>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error.context("the server has ended"),
        Some(Err(error)) => anyhow::anyhow!("the server has ended: {error}"),
        _ => anyhow::anyhow!("the server has ended without being asked to"),
    }
}
