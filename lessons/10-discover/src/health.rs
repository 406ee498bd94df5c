//! `GET /v1/health/service/:name`, the query of this lesson: which instances of a service are healthy?
//! consulrs 0.1 lacks this endpoint, and everything that its own endpoints are made of is public.
//! Source: Consul's documentation, HTTP API, health endpoint, "List Service Instances for Service".

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use consulrs::api::exec_with_result;
use consulrs::api::features::{Blocking, FeaturedEndpoint, Features};
use l09_register::registry::{self, Registry};
use rustify::endpoint::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use serde::Deserialize;

// ANCHOR: endpoint
/// The endpoint, in the form that consulrs expects.
#[derive(Clone, Debug, Default)]
pub struct HealthService {
    /// The name of the service.
    pub name: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
    /// Only instances all of whose checks pass, those of their node included. Without it Consul lists
    /// all instances, critical ones too.
    pub passing: bool,
    /// The options that each query to Consul can have; here, the blocking query.
    pub features: Option<Features>,
}

impl Endpoint for HealthService {
    type Response = Vec<Entry>;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        // consulrs puts `v1/` in front.
        format!("health/service/{}", self.name)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }

    fn query(&self) -> Result<Option<String>, rustify::errors::ClientError> {
        let mut query = Vec::new();
        query.extend(self.passing.then_some(("passing", "true")));
        query.extend(self.tag.as_deref().map(|tag| ("tag", tag)));
        rustify::http::build_query(&query).map(Some)
    }
}

impl FeaturedEndpoint for HealthService {
    fn features(&self) -> Option<Features> {
        self.features.clone()
    }
}
// ANCHOR_END: endpoint

// ANCHOR: entry
/// One instance in Consul's answer: only the members that a caller needs. Others are ignored, so a newer
/// Consul may add some.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// The machine on which the instance runs.
    pub node: Node,
    /// The registration of the instance.
    pub service: Service,
}

/// The part `Node` of an entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// The address of the machine.
    #[serde(default)]
    pub address: String,
}

/// The part `Service` of an entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    /// The id of the instance.
    #[serde(rename = "ID")]
    pub id: String,
    /// The address of the instance; empty means the address of its node.
    #[serde(default)]
    pub address: String,
    /// The port. Consul accepts any number here, 99999 and -1 too.
    #[serde(default)]
    pub port: i64,
    /// The tags; Consul writes `null` where there are none.
    pub tags: Option<Vec<String>>,
}
// ANCHOR_END: entry

/// A healthy instance with an address that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthyInstance {
    /// Its id in Consul.
    pub id: String,
    /// The address to call.
    pub addr: SocketAddr,
    /// Its tags.
    pub tags: Vec<String>,
}

impl TryFrom<Entry> for HealthyInstance {
    type Error = String;

    /// # Errors
    /// What is wrong with the address, in one line.
    fn try_from(entry: Entry) -> Result<Self, String> {
        let Service {
            id,
            address,
            port,
            tags,
        } = entry.service;
        let host = if address.is_empty() {
            entry.node.address
        } else {
            address
        };
        let Ok(ip) = host.parse::<IpAddr>() else {
            return Err(format!("{id}: {host:?} is not an IP address"));
        };
        match u16::try_from(port) {
            Ok(port) if port > 0 && !ip.is_unspecified() => Ok(HealthyInstance {
                id,
                addr: (ip, port).into(),
                tags: tags.unwrap_or_default(),
            }),
            _ => Err(format!("{id}: {host}:{port} cannot be called")),
        }
    }
}

/// The answer of Consul to a query.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The healthy instances, ordered by address; Consul sends them in random order.
    pub instances: Vec<HealthyInstance>,
    /// The instances without a usable address: one line each.
    pub not_callable: Vec<String>,
    /// `X-Consul-Index`: the version of the catalog that this answer shows. 0 if the header is missing.
    pub index: u64,
}

/// The number of instances of one answer that are kept at most.
pub const MAX_INSTANCES: usize = 10_000;

impl Answer {
    fn of(index: u64, entries: Vec<Entry>) -> Self {
        let mut answer = Answer {
            index,
            ..Answer::default()
        };
        for entry in entries.into_iter().take(MAX_INSTANCES) {
            match HealthyInstance::try_from(entry) {
                Ok(instance) => answer.instances.push(instance),
                Err(why) => answer.not_callable.push(why),
            }
        }
        let order = |one: &HealthyInstance| (one.addr, one.id.clone());
        answer.instances.sort_by_cached_key(order);
        answer.not_callable.sort();
        answer
    }
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A service cannot have this name, so Consul was not asked.
    #[error(
        "`{0}` cannot be the name of a service: it has to fit into the path of a URL. Letters, digits \
         and - . _ are safe"
    )]
    Name(String),
    /// Consul cannot be reached, or it refuses.
    #[error("{0}")]
    Consul(registry::Error),
    /// Consul's answer cannot be decoded.
    #[error("Consul's answer cannot be read: {0}")]
    Malformed(String),
}

/// A query: the instances that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The name of the service.
    pub name: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
}

impl Query {
    /// All healthy instances of a service.
    pub fn named(name: impl Into<String>) -> Self {
        Query {
            name: name.into(),
            tag: None,
        }
    }

    /// Asks only for instances with this tag.
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        match &self.tag {
            Some(tag) => write!(f, " with the tag `{tag}`"),
            None => Ok(()),
        }
    }
}

/// The parameters of a blocking query: for how long Consul may hold the answer back.
#[derive(Clone, Copy, Debug)]
pub struct BlockingQuery {
    /// Consul answers as soon as its index is larger than this one ...
    pub index: u64,
    /// ... or when this time is over. Consul adds up to a sixteenth at random, so that many callers do
    /// not ask again at the same moment.
    pub wait: Duration,
}

// ANCHOR: ask
/// Asks Consul once. `deadline` is for the whole exchange; with `blocking` it has to be longer than
/// `wait` and its sixteenth.
pub async fn ask(
    registry: &Registry,
    query: &Query,
    blocking: Option<BlockingQuery>,
    deadline: Duration,
) -> Result<Answer, Error> {
    let Query { name, tag } = query.clone();
    if !is_a_name(&name) {
        return Err(Error::Name(name));
    }
    let blocking = blocking.map(|blocking| Blocking {
        index: blocking.index,
        wait: Some(format!("{}ms", blocking.wait.as_millis())),
    });
    let features = Features {
        blocking,
        ..Features::default()
    };
    let endpoint = HealthService {
        name,
        tag,
        passing: true,
        features: Some(features),
    };
    let call = exec_with_result(registry.client(), endpoint);
    let reply = match catch_panic(registry.within(deadline, call)).await {
        Some(reply) => reply.map_err(|error| Error::Consul(short(error)))?,
        None => return Err(Error::Malformed("a header is not text".to_string())),
    };
    let index = reply.index.and_then(|index| index.parse().ok());
    Ok(Answer::of(index.unwrap_or(0), reply.response))
}
// ANCHOR_END: ask

/// Shortens the text of a refusal to 200 characters, because it is kept until Consul is back.
fn short(error: registry::Error) -> registry::Error {
    match error {
        registry::Error::Refused { code, words } => registry::Error::Refused {
            code,
            words: words.chars().take(200).collect(),
        },
        other => other,
    }
}

/// The name becomes part of a path, and consulrs would escape it twice.
fn is_a_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name != "." && name != ".." && name.chars().all(allowed)
}

/// Runs a future, with `None` in place of a panic. consulrs panics on a reply header that is not text,
/// and the bytes of a peer must not end the task.
pub async fn catch_panic<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}
