//! What is registered: one running copy of a service.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use consulrs::api::check::common::{AgentServiceCheck, AgentServiceCheckBuilder};
use consulrs::api::service::requests::{RegisterServiceRequest, RegisterServiceRequestBuilder};

// ANCHOR: instance
/// One running copy of a service, as Consul shall know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its own, different from all others on the same agent. Registering the same id again replaces.
    pub id: String,
    /// What callers ask for. All copies share it.
    pub name: String,
    /// Words by which callers may choose.
    pub tags: Vec<String>,
    /// The host that others dial: never 0.0.0.0.
    pub address: String,
    /// The port that others dial: the one that is bound.
    pub port: u16,
    /// Further facts for the callers.
    pub meta: HashMap<String, String>,
    /// How Consul finds out whether it is healthy. Without a check it always passes.
    pub checks: Vec<Check>,
    /// Consul forgets the instance when a check has been critical for so long. It takes a minute at
    /// least; `None` keeps the entry without limit.
    pub reap: Option<Duration>,
}

/// A check of Consul.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Does a connection succeed?
    Tcp {
        /// The address to connect to.
        at: String,
        /// The time between two attempts.
        every: Duration,
        /// The time for one of them.
        timeout: Duration,
    },
    /// Does `grpc.health.v1` say SERVING?
    Grpc {
        /// The address of the server.
        at: String,
        /// About which of its services; `None` asks about the server as a whole.
        service: Option<String>,
        /// The time between two attempts.
        every: Duration,
        /// The time for one of them.
        timeout: Duration,
    },
    /// Has the service reported in time? Consul makes no attempt of its own.
    Ttl {
        /// The longest time between two reports.
        within: Duration,
    },
}
// ANCHOR_END: instance

/// The time between two attempts of a check.
pub const EVERY: Duration = Duration::from_secs(10);
/// The time for one attempt.
pub const TIMEOUT: Duration = Duration::from_secs(5);

impl Instance {
    // ANCHOR: new
    /// A gRPC service that others reach at `advertised`: with an id of its own, the tags `grpc` and
    /// `consul`, and two checks.
    pub fn new(name: &str, advertised: SocketAddr) -> Self {
        let at = advertised.to_string();
        let (every, timeout) = (EVERY, TIMEOUT);
        Instance {
            id: id(name, advertised),
            name: name.to_string(),
            tags: vec!["grpc".to_string(), "consul".to_string()],
            address: advertised.ip().to_string(),
            port: advertised.port(),
            meta: HashMap::new(),
            checks: vec![
                Check::Tcp {
                    at: at.clone(),
                    every,
                    timeout,
                },
                Check::Grpc {
                    at,
                    service: None,
                    every,
                    timeout,
                },
            ],
            reap: None,
        }
    }
    // ANCHOR_END: new

    /// Sets another id.
    pub fn with_id(mut self, id: &str) -> Self {
        self.id = id.to_string();
        self
    }

    /// Sets the interval of its checks. Their timeout is never longer than the interval.
    pub fn checked_every(mut self, often: Duration) -> Self {
        for check in &mut self.checks {
            match check {
                Check::Tcp { every, timeout, .. } | Check::Grpc { every, timeout, .. } => {
                    *every = often;
                    *timeout = TIMEOUT.min(often);
                }
                Check::Ttl { .. } => (),
            }
        }
        self
    }

    /// Lets Consul deregister the instance after so long a time in the state critical; a minute at
    /// least.
    pub fn reaped_after(mut self, critical: Duration) -> Self {
        self.reap = Some(critical);
        self
    }

    // ANCHOR: request
    /// Returns the request for consulrs. The name is not in it: [`consulrs::service::register`]
    /// takes it apart.
    pub(crate) fn request(&self) -> RegisterServiceRequestBuilder {
        let checks: Vec<AgentServiceCheck> = (self.checks.iter())
            .map(|check| self.check(check))
            .collect();
        let mut request = RegisterServiceRequest::builder();
        request
            .id(&self.id)
            .tags(self.tags.clone())
            .address(&self.address)
            .port(self.port)
            .meta(self.meta.clone())
            .checks(checks);
        request
    }
    // ANCHOR_END: request

    fn check(&self, check: &Check) -> AgentServiceCheck {
        let mut sent = AgentServiceCheckBuilder::default();
        // Without ids of their own they are numbered, and a registration with fewer checks leaves
        // those of the former one behind.
        match check {
            Check::Tcp { at, every, timeout } => sent
                .check_id(format!("{}:tcp", self.id))
                .name(format!("{} accepts connections", self.id))
                .tcp(at)
                .interval(spelled(*every))
                .timeout(spelled(*timeout)),
            Check::Grpc {
                at,
                service,
                every,
                timeout,
            } => sent
                .check_id(format!("{}:grpc", self.id))
                .name(format!("{} is serving", self.id))
                .grpc(match service {
                    Some(service) => format!("{at}/{service}"),
                    None => at.clone(),
                })
                .interval(spelled(*every))
                .timeout(spelled(*timeout)),
            Check::Ttl { within } => sent
                .check_id(format!("{}:ttl", self.id))
                .name(format!("{} calls in", self.id))
                .ttl(spelled(*within)),
        };
        if let Some(reap) = self.reap {
            sent.deregister_critical_service_after(spelled(reap));
        }
        // Every member has a default, so there is nothing that can be missing.
        sent.build().unwrap_or_default()
    }
}

// ANCHOR: id
/// An id that no other instance has, because two servers cannot have one address at the same time. It is the same after a
/// restart in the same place, so the instance replaces its own entry.
pub fn id(name: &str, advertised: SocketAddr) -> String {
    format!("{name}-{}-{}", advertised.ip(), advertised.port())
}
// ANCHOR_END: id

/// A time as Consul writes it, which is how Go does: `10s`, `250ms`.
fn spelled(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_consul_reads_them() {
        assert_eq!(spelled(Duration::from_secs(10)), "10s");
        assert_eq!(spelled(Duration::from_millis(1500)), "1500ms");
        assert_eq!(spelled(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn two_places_have_two_ids_and_one_place_keeps_its_own() {
        let places = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:81", "[::1]:80"];
        let ids: Vec<String> = (places.iter())
            .map(|place| id("greeter", place.parse().unwrap()))
            .collect();
        for (at, one) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(one), "{one} twice");
        }
        assert_eq!(ids[0], id("greeter", places[0].parse().unwrap()));
    }
}
