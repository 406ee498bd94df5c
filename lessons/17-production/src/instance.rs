//! One instance behind the reverse proxy: an HTTP service with probes. It registers in Consul, is checked there by
//! `/readyz`, and ends without a lost request.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::routing::get;
use l08_consul::ask;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::plane::VERSION_TAG;
use crate::ready::{State, probes};

// ANCHOR: settings
/// The settings of an instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The HTTP API of Consul.
    pub consul: SocketAddr,
    /// The name in Consul.
    pub service: String,
    /// The version of the program.
    pub version: String,
    /// The Redis that its requests need; `None`: they need none.
    pub redis: Option<SocketAddr>,
    /// The time between two checks of Consul.
    pub check_every: Duration,
    /// How long it answers after it has left the list, because callers still have the old one.
    pub drain: Duration,
}

impl Settings {
    /// Refuses what would be a fault later. It is called before anything listens or registers.
    ///
    /// # Errors
    /// What is wrong, with the name of the option.
    pub fn check(&self) -> anyhow::Result<()> {
        let version = &self.version;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-';
        ensure!(
            !version.is_empty() && version.chars().all(plain),
            "--version {version:?}: it has letters, digits, `.` and `-`, for example v2"
        );
        let every = self.check_every;
        ensure!(
            every >= Duration::from_millis(100),
            "--check-every-ms: 100 at least, or the checks are the load"
        );
        ensure!(
            self.drain >= every,
            "--drain-ms: at least as long as --check-every-ms ({} ms), because Consul's callers learn nothing before",
            every.as_millis()
        );
        Ok(())
    }
}
// ANCHOR_END: settings

/// A running instance, in this process.
#[derive(Debug)]
pub struct Instance {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its name in Consul.
    pub id: String,
    /// What its probes look at.
    pub state: Arc<State>,
    settings: Settings,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Instance {
    // ANCHOR: start
    /// Starts in this order: settings, port, probes, Redis, Consul. Consul lists it after its first good check.
    ///
    /// # Errors
    /// If a setting is wrong, the port is taken, or Consul refuses the registration.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        settings.check()?;
        let listener = TcpListener::bind(settings.listen).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State::new(settings.redis));
        let (stop, mut stopped) = watch::channel(false);
        let router = router(&settings.version, addr, Arc::clone(&state));
        let server = tokio::spawn(async move {
            let stop = async move {
                if stopped.wait_for(|stop| *stop).await.is_err() {
                    pending::<()>().await;
                }
            };
            axum::serve(listener, router)
                .with_graceful_shutdown(stop)
                .await
        });
        let id = format!(
            "{}-{}",
            settings.service,
            addr.to_string().replace(':', "-")
        );
        let instance = Instance {
            addr,
            id,
            state,
            settings,
            stop,
            server,
        };
        instance.register().await?;
        instance.state.started.store(true, Ordering::SeqCst);
        Ok(instance)
    }
    // ANCHOR_END: start

    // ANCHOR: register
    async fn register(&self) -> anyhow::Result<()> {
        let every = format!("{}ms", self.settings.check_every.as_millis());
        let body = json!({
            "Name": self.settings.service,
            "ID": self.id,
            "Address": self.addr.ip().to_string(),
            "Port": self.addr.port(),
            "Tags": [format!("{VERSION_TAG}{}", self.settings.version)],
            "Check": {
                "HTTP": format!("http://{}/readyz", self.addr),
                "Interval": every,
                "Timeout": "1s",
            },
        });
        let path = "/v1/agent/service/register";
        self.put(path, &body.to_string()).await
    }
    // ANCHOR_END: register

    // ANCHOR: leave
    /// Leaves: not ready, off the list, answers until callers know it, then finishes what is under way.
    ///
    /// # Errors
    /// If Consul does not take it off the list; it has ended all the same.
    pub async fn leave(self) -> anyhow::Result<()> {
        self.state.draining.store(true, Ordering::SeqCst);
        let path = format!("/v1/agent/service/deregister/{}", self.id);
        let deregistered = self.put(&path, "").await;
        sleep(self.settings.drain).await;
        self.stop.send_replace(true);
        self.server.await??;
        deregistered
    }
    // ANCHOR_END: leave

    /// Closes its port, and stays on Consul's list. Connections that are open already go on.
    pub fn close_port(self) {
        self.server.abort();
    }

    async fn put(&self, path: &str, body: &str) -> anyhow::Result<()> {
        let consul = self.settings.consul;
        let answer = ask::put(consul, path, body).await;
        let answer = answer.with_context(|| format!("Consul at {consul} does not answer"))?;
        ensure!(
            answer.status == 200,
            "Consul at {consul} answers {}: {}",
            answer.status,
            answer.body
        );
        Ok(())
    }
}

/// `/` says which version answers at which address; the probes stand beside it.
fn router(version: &str, addr: SocketAddr, state: Arc<State>) -> Router {
    let words = format!("{version} {addr}");
    let page = get(async move || words);
    Router::new().route("/", page).merge(probes(state))
}
