//! Finds a service by its name. The registry is asked once for each name; then the service follows its own
//! instances.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use l13_framework::registry::{Error, Registry};
use l13_framework::service_view::ServiceView;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tonic::Code;

use super::Settings;
use super::service::{Service, no_instance};
use super::status::Problem;

/// A longer name is none.
const LONGEST_NAME: usize = 200;

/// All services that requests have asked for.
#[derive(Clone, Debug)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Arc<dyn Registry>,
    settings: Settings,
    known: Mutex<HashMap<String, Slot>>,
}

/// A name, and what came of it. All requests for a new name wait for the same question.
#[derive(Clone, Debug)]
struct Slot {
    since: Instant,
    found: Arc<OnceCell<Result<Arc<Service>, Problem>>>,
}

impl Directory {
    /// Makes a directory of the services in `registry`.
    pub fn new(registry: Arc<dyn Registry>, settings: Settings) -> Directory {
        let known = Mutex::default();
        Directory {
            inner: Arc::new(Inner {
                registry,
                settings,
                known,
            }),
        }
    }

    // ANCHOR: service
    /// The service for the first part of a URL.
    ///
    /// # Errors
    /// 404 if the gateway does not expose it or the registry has none of that name, 503 if the registry does not answer.
    pub async fn service(&self, short: &str) -> Result<Arc<Service>, Problem> {
        let name = format!("{}.{short}", self.inner.settings.namespace);
        if !self.inner.settings.expose.has(short) {
            // In the same words as for a name without a service, and the registry is not asked.
            return Err(no_service(&name));
        }
        let slot = self.slot(&name)?;
        slot.found.get_or_init(|| self.look_up(&name)).await.clone()
    }

    async fn look_up(&self, name: &str) -> Result<Arc<Service>, Problem> {
        let inner = &self.inner;
        let instances = inner.registry.get_service(name).await.map_err(problem)?;
        if instances.is_empty() {
            // Some registries know a name whose instances are all ill.
            let names = inner.registry.list_services().await.map_err(problem)?;
            return Err(match names.iter().any(|known| known == name) {
                true => no_instance(name),
                false => no_service(name),
            });
        }
        let known = ServiceView::new(inner.registry.clone(), name);
        let until = Instant::now() + inner.registry.options().timeout;
        known.healthy(until).await.map_err(problem)?;
        Ok(Arc::new(Service::new(&known, inner.settings.clone())))
    }
    // ANCHOR_END: service

    /// The place of this name, a new one if what was there is too old to be believed.
    fn slot(&self, name: &str) -> Result<Slot, Problem> {
        if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Problem::new(
                Code::NotFound,
                "there is no service of that name",
            ));
        }
        let mut known = lock(&self.inner.known);
        let missing = self.inner.settings.missing;
        if let Some(slot) = known.get(name)
            && slot.holds(missing)
        {
            return Ok(slot.clone());
        }
        // Clients can ask for names that do not exist: the oldest of those makes room.
        while known.values().filter(|slot| slot.failed()).count() >= self.inner.settings.unknown {
            let failed = known.iter().filter(|(_, slot)| slot.failed());
            let oldest = failed.min_by_key(|(_, slot)| slot.since);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            known.remove(&oldest);
        }
        if known.len() >= self.inner.settings.services {
            known.retain(|_, slot| slot.holds(missing));
        }
        if known.len() >= self.inner.settings.services {
            let words = "the gateway knows as many services as it can hold";
            return Err(Problem::new(Code::Unavailable, words).later(1));
        }
        let slot = Slot {
            since: Instant::now(),
            found: Arc::default(),
        };
        known.insert(name.to_string(), slot.clone());
        Ok(slot)
    }

    /// The short names of all services that are exposed.
    ///
    /// # Errors
    /// If the registry does not answer.
    pub async fn list(&self) -> Result<Vec<String>, Problem> {
        let names = self.inner.registry.list_services().await.map_err(problem)?;
        let prefix = format!("{}.", self.inner.settings.namespace);
        let expose = &self.inner.settings.expose;
        let short = |name: &String| {
            let short = name.strip_prefix(&prefix)?;
            expose.has(short).then(|| short.to_string())
        };
        let most = self.inner.settings.services;
        Ok(names.iter().filter_map(short).take(most).collect())
    }
}

impl Slot {
    /// Returns whether no service was found.
    fn failed(&self) -> bool {
        matches!(self.found.get(), Some(Err(_)))
    }

    /// Returns whether what is here is still good: a service as long as it has instances, and somewhat longer; a
    /// failure only for a moment.
    fn holds(&self, missing: Duration) -> bool {
        match self.found.get() {
            None => true,
            Some(Ok(service)) => !service.is_forgotten(),
            Some(Err(_)) => self.since.elapsed() < missing,
        }
    }
}

fn no_service(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no service {name}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Invalid(words) => Problem::new(Code::NotFound, words),
        Error::Away(_) | Error::Refused(_) => {
            Problem::new(Code::Unavailable, error.to_string()).later(1)
        }
    }
}
