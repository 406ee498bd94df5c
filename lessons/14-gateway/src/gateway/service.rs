//! One service: its instances, the connections to them, and its schema. All of it is cached and followed, so a
//! request calls the service itself, and no other program.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use l12_resilience::caller::Caller;
use l12_resilience::connector::{Connector, Grpc};
use l12_resilience::member::Member;
use l13_framework::registry::Instance;
use l13_framework::service_view::ServiceView;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tonic::Code;

use super::Settings;
use super::reflect::{self, Unknown};
use super::schema::Schema;
use super::status::Problem;

/// The time until the next instance is asked what the service offers, beside the one that is late.
const NEXT: Duration = Duration::from_millis(300);
/// So many instances are asked for that.
const ASKED: usize = 3;
/// A service that has had no instance for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the error for a service without an instance.
pub fn no_instance(name: &str) -> Problem {
    let words = format!("no instance of {name} is there, or none is well");
    Problem::new(Code::Unavailable, words).later(1)
}

/// A service with its instances and its schema.
pub struct Service {
    name: String,
    caller: Caller<Grpc>,
    settings: Settings,
    /// What it offers.
    offer: Mutex<Offer>,
    /// One request asks it at a time; the others wait, and look again then.
    asking: Arc<tokio::sync::Mutex<()>>,
    /// Since when it has no instance.
    empty: Mutex<Option<Instant>>,
    follower: JoinHandle<()>,
}

/// What is known of a service.
struct Offer {
    instances: watch::Receiver<Vec<Instance>>,
    schema: Option<Arc<Schema>>,
    /// The instances that it is true for.
    of: BTreeSet<(String, String, SocketAddr)>,
    /// When it was asked, and what was wrong with it, if anything.
    asked: Option<(Instant, Option<Unknown>)>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Service { name, caller, .. } = self;
        f.debug_struct("Service")
            .field("name", name)
            .field("caller", caller)
            .finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Service {
    /// Begins to follow who is there. `known`: the registry's list for this name, already there.
    pub fn new(known: &ServiceView, settings: Settings) -> Service {
        let instances = known.instances();
        let (tell, listen) = watch::channel(members(&instances.borrow()));
        Service {
            name: known.name().to_string(),
            caller: Caller::new(Grpc, listen, settings.caller()),
            settings,
            offer: Mutex::new(Offer {
                instances: instances.clone(),
                schema: None,
                of: BTreeSet::new(),
                asked: None,
            }),
            asking: Arc::default(),
            empty: Mutex::default(),
            follower: tokio::spawn(grpc_only(instances, tell)),
        }
    }

    /// Returns the full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the caller for its instances.
    pub fn caller(&self) -> &Caller<Grpc> {
        &self.caller
    }

    /// Returns the error for a request while there is no instance.
    pub fn no_instance(&self) -> Problem {
        no_instance(&self.name)
    }

    /// Returns whether it has had no instance for long.
    pub fn is_forgotten(&self) -> bool {
        let none = lock(&self.offer).instances.borrow().is_empty();
        let mut empty = lock(&self.empty);
        match none {
            true => empty.get_or_insert_with(Instant::now).elapsed() > FORGOTTEN,
            false => {
                *empty = None;
                false
            }
        }
    }

    /// Returns the schema. It is known after the first request, and asked for again when an instance
    /// comes that was not there then.
    ///
    /// # Errors
    /// 503 if no instance answers, 502 if what they say cannot be used.
    pub async fn schema(self: &Arc<Self>) -> Result<Arc<Schema>, Problem> {
        self.schema_since(self.settings.reflect_again).await
    }

    /// Asks for the schema again, for a request whose method was not found. The rate of such
    /// questions is limited.
    ///
    /// # Errors
    /// As [`Service::schema`].
    pub async fn schema_anew(self: &Arc<Self>) -> Result<Arc<Schema>, Problem> {
        self.schema_since(self.settings.missing).await
    }

    // ANCHOR: schema
    async fn schema_since(self: &Arc<Self>, age: Duration) -> Result<Arc<Schema>, Problem> {
        if let Some(known) = self.known(age) {
            return known;
        }
        // However many requests wait, one asks. The others find the answer when it is their turn. The
        // question goes on if the browser that has caused it leaves.
        let asking = self.asking.clone().lock_owned().await;
        if let Some(known) = self.known(age) {
            return known;
        }
        let service = self.clone();
        let asked = tokio::spawn(async move {
            service.ask().await;
            drop(asking);
        });
        // It fails only if it panics, and it has noted nothing then.
        let fine = asked.await.is_ok();
        match self.known(Duration::MAX).filter(|_| fine) {
            Some(known) => known,
            None => Err(self.unknown(&Unknown::Unusable("its description is broken".to_string()))),
        }
    }
    // ANCHOR_END: schema

    /// What is known, if it is not older than `age` and true for all instances.
    fn known(&self, age: Duration) -> Option<Result<Arc<Schema>, Problem>> {
        let mut offer = lock(&self.offer);
        if offer.instances.borrow().is_empty() {
            return Some(Err(self.no_instance()));
        }
        // Cheap, and almost always enough.
        if offer.instances.has_changed().unwrap_or(false) {
            let now = marks(&offer.instances.borrow_and_update());
            if !now.is_subset(&offer.of) {
                offer.asked = None;
            }
        }
        let (when, wrong) = offer.asked.as_ref()?;
        let age = match wrong {
            Some(_) => age.min(self.settings.missing),
            None => age,
        };
        // Two requests that wait for the same question must not ask it twice.
        if when.elapsed() >= age.max(Duration::from_millis(1)) {
            return None;
        }
        match (&offer.schema, wrong) {
            // An old description is better than none.
            (Some(schema), _) => Some(Ok(schema.clone())),
            (None, Some(unknown)) => Some(Err(self.unknown(unknown))),
            (None, None) => None,
        }
    }

    fn unknown(&self, unknown: &Unknown) -> Problem {
        let words = format!("{}: {unknown}", self.name);
        match unknown {
            Unknown::Away(_) => Problem::new(Code::Unavailable, words).later(1),
            Unknown::Unusable(_) | Unknown::Unimplemented => Problem::bad_gateway(words),
        }
    }

    /// Asks, and notes the answer.
    async fn ask(&self) {
        let instances = lock(&self.offer).instances.borrow_and_update().clone();
        let of = marks(&instances);
        let limits = self.settings.reflect;
        let told = timeout(self.settings.reflect_within, first(instances, limits)).await;
        let told = told.unwrap_or_else(|_| {
            Err(Unknown::Away(
                "it does not say in time what it offers".to_string(),
            ))
        });
        let mut offer = lock(&self.offer);
        offer.of = of;
        match told {
            Ok(schema) => {
                offer.schema = Some(Arc::new(schema));
                offer.asked = Some((Instant::now(), None));
            }
            Err(unknown) => offer.asked = Some((Instant::now(), Some(unknown))),
        }
    }
}

// ANCHOR: first
/// What the newest instance says. One that is late is not waited for: the next one is asked as well,
/// and who answers first counts.
async fn first(mut instances: Vec<Instance>, limits: reflect::Limits) -> Result<Schema, Unknown> {
    instances.sort_by_key(|instance| std::cmp::Reverse(numbers(&instance.version)));
    let mut open = instances.into_iter().filter(speaks_grpc).take(ASKED);
    let mut asked = JoinSet::new();
    let mut worst = Unknown::Away("none of its instances speaks gRPC".to_string());
    loop {
        let more = match open.next() {
            Some(instance) => {
                asked.spawn(one(instance, limits));
                true
            }
            None => false,
        };
        let answer = match more {
            true => match timeout(NEXT, asked.join_next()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            },
            false => asked.join_next().await,
        };
        match answer {
            Some(Ok(Ok(schema))) => return Ok(schema),
            Some(Ok(Err(unknown))) => {
                // That one lies says more than that another is away.
                if matches!(worst, Unknown::Away(_)) {
                    worst = unknown;
                }
            }
            // A description that makes the one who reads it panic.
            Some(Err(_)) => worst = Unknown::Unusable("its description is broken".to_string()),
            None => return Err(worst),
        }
    }
}
// ANCHOR_END: first

async fn one(instance: Instance, limits: reflect::Limits) -> Result<Schema, Unknown> {
    let away = |status: tonic::Status| Unknown::Away(status.message().to_string());
    let member = Member::new(instance.id, instance.addr);
    let channel = Grpc
        .connect(&member, Duration::from_secs(1))
        .await
        .map_err(away)?;
    let told = reflect::ask(channel, limits).await?;
    // Minutes of work for a malicious description, and not on the threads that serve all requests.
    let made = tokio::task::spawn_blocking(move || Schema::new(told, limits)).await;
    made.unwrap_or_else(|_| Err(Unknown::Unusable("its description is broken".to_string())))
}

/// `1.10.2` is newer than `1.9`; what is no number, such as `latest`, is older than all.
fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(['.', '-', '+']).map(str::parse);
    parts.map_while(Result::ok).collect()
}

fn speaks_grpc(instance: &Instance) -> bool {
    instance
        .metadata
        .get("transport")
        .is_none_or(|transport| transport == "grpc")
}

fn members(instances: &[Instance]) -> Vec<Member> {
    let grpc = instances.iter().filter(|it| speaks_grpc(it));
    grpc.map(|it| Member::new(it.id.clone(), it.addr)).collect()
}

fn marks(instances: &[Instance]) -> BTreeSet<(String, String, SocketAddr)> {
    let mark = |it: &Instance| (it.id.clone(), it.version.clone(), it.addr);
    instances.iter().map(mark).collect()
}

// ANCHOR: grpc_only
/// Tells which of the instances this gateway can call, as long as the receiver is there.
async fn grpc_only(
    mut instances: watch::Receiver<Vec<Instance>>,
    tell: watch::Sender<Vec<Member>>,
) {
    while instances.changed().await.is_ok() {
        let now = members(&instances.borrow_and_update());
        tell.send_if_modified(|old| {
            let differs = *old != now;
            *old = now;
            differs
        });
    }
}
// ANCHOR_END: grpc_only
