//! Who waits for whom: the task behind each check.
//!
//! A TTL is a timer that makes the check critical unless it is replaced in time. Every other check is a
//! loop: wait, find out, write it down. The first wait is a random part of the interval, so that a
//! thousand services registered at once are not asked at once for ever after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Status, grpc, http, script, tcp};
use crate::agent::Shared;
use crate::definition::{CheckDefinition, Probe};

/// How long a try may take if nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(30);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A running task. Dropping it ends it; what it might still report is told by the number.
#[derive(Debug)]
pub struct Task {
    number: u64,
    handle: JoinHandle<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Task {
    /// Tells this task from the one that it replaced.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Makes the check critical after `ttl`.
    pub fn ttl(shared: &Arc<Shared>, id: &str, ttl: Duration) -> Task {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let sleep = shared.clock.sleep(ttl);
        let (shared, id) = (shared.clone(), id.to_owned());
        let handle = tokio::spawn(async move {
            let _awake = sleep.await;
            shared.ttl_expired(&id, number);
        });
        Task { number, handle }
    }

    // ANCHOR: probe
    /// Finds out, once in an interval.
    pub fn probe(shared: &Arc<Shared>, definition: &CheckDefinition) -> Task {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let first = shared.clock.sleep(shared.clock.jitter(definition.interval));
        let (shared, definition) = (shared.clone(), definition.clone());
        let handle = tokio::spawn(async move {
            let mut awake = first.await;
            loop {
                // So many at once and no more: 10,000 checks would else be 10,000 open sockets. The
                // semaphore is never closed.
                let Ok(permit) = shared.probes.acquire().await else {
                    return;
                };
                let (status, output) = probe(&shared, &definition).await;
                drop(permit);
                shared.checked(&definition.id, number, status, &output);
                let next = shared.clock.sleep(definition.interval);
                drop(awake);
                awake = next.await;
            }
        });
        Task { number, handle }
    }
    // ANCHOR_END: probe
}

/// One try, within its time.
async fn probe(shared: &Shared, definition: &CheckDefinition) -> (Status, String) {
    let script = matches!(definition.probe, Probe::Script(_));
    let most = if script { SCRIPT_TIMEOUT } else { TIMEOUT };
    let timeout = definition.timeout.unwrap_or(most);
    let end = shared.clock.sleep(timeout);
    let run = async {
        match &definition.probe {
            Probe::Http {
                url,
                method,
                header,
                body,
            } => http::check(url, method, header, body).await,
            Probe::Tcp(address) => tcp::check(address).await,
            Probe::Grpc(target) => grpc::check(target).await,
            Probe::Script(args) => script::check(args).await,
            Probe::Ttl(_) | Probe::None => (Status::Critical, "nothing to run".into()),
        }
    };
    tokio::select! {
        result = run => result,
        _ = end => (Status::Critical, late(&definition.probe, timeout)),
    }
}

fn late(probe: &Probe, timeout: Duration) -> String {
    match probe {
        Probe::Http { url, method, .. } => format!(
            "{} {url:?}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            http::verb(method)
        ),
        Probe::Tcp(address) => format!("dial tcp {address}: i/o timeout"),
        Probe::Grpc(_) => {
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded".into()
        }
        _ => format!("Timed out ({timeout:?}) running check"),
    }
}
