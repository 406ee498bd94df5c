//! `GET /v1/health/service/:name`, the question of this lesson: who is home under this name, and
//! well? consulrs 0.1 does not have it, but everything that its own endpoints are made of is public.

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
/// The question, as consulrs wants its questions.
#[derive(Clone, Debug)]
pub struct Healthy {
    /// Of which service.
    pub name: String,
    /// Only instances with this tag.
    pub tag: Option<String>,
    /// What every question to Consul may have; here, until when it may be held back.
    pub features: Option<Features>,
}

impl Endpoint for Healthy {
    type Response = Vec<Entry>;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        // consulrs puts the `v1` in front.
        format!("health/service/{}", self.name)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }

    fn query(&self) -> Result<Option<String>, rustify::errors::ClientError> {
        // Without `passing` the sick ones come as well.
        let mut query = vec![("passing", "true")];
        query.extend(self.tag.as_deref().map(|tag| ("tag", tag)));
        rustify::http::build_query(&query).map(Some)
    }
}

impl FeaturedEndpoint for Healthy {
    fn features(&self) -> Option<Features> {
        self.features.clone()
    }
}
// ANCHOR_END: endpoint

// ANCHOR: entry
/// One instance as Consul writes it: only what a caller needs. Other members are not looked at, so
/// that nothing breaks when a newer Consul has one more.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    node: Node,
    service: Service,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    address: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    address: String,
    // Consul lets anybody register 99999, or -1.
    #[serde(default)]
    port: i64,
    // `null` where there are none.
    tags: Option<Vec<String>>,
}
// ANCHOR_END: entry

/// One healthy instance: where it is, and what it has said about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id in Consul.
    pub id: String,
    /// Whom to call.
    pub addr: SocketAddr,
    /// Its tags.
    pub tags: Vec<String>,
}

impl TryFrom<Entry> for Listed {
    type Error = String;

    /// # Errors
    /// What is wrong with the address.
    fn try_from(entry: Entry) -> Result<Self, String> {
        let Service {
            id,
            address,
            port,
            tags,
        } = entry.service;
        // No address means that of the node; so it is defined.
        let host = if address.is_empty() {
            entry.node.address
        } else {
            address
        };
        let Ok(ip) = host.parse::<IpAddr>() else {
            return Err(format!("{id}: {host:?} is no IP address"));
        };
        match u16::try_from(port) {
            Ok(port) if port > 0 && !ip.is_unspecified() => Ok(Listed {
                id,
                addr: (ip, port).into(),
                tags: tags.unwrap_or_default(),
            }),
            _ => Err(format!("{id}: nobody can call {host}:{port}")),
        }
    }
}

/// What Consul has answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The healthy ones, in the order of their addresses: Consul shuffles them.
    pub instances: Vec<Listed>,
    /// Those that were left out because nobody could call them, in words.
    pub left_out: Vec<String>,
    /// `X-Consul-Index`: the state of things that this answer belongs to. 0 if it said none.
    pub index: u64,
}

/// The most instances that are kept of one answer. A service with more has other worries.
pub const MOST: usize = 10_000;

impl Answer {
    fn of(index: u64, entries: Vec<Entry>) -> Self {
        let mut answer = Answer {
            index,
            ..Answer::default()
        };
        for entry in entries.into_iter().take(MOST) {
            match Listed::try_from(entry) {
                Ok(listed) => answer.instances.push(listed),
                Err(why) => answer.left_out.push(why),
            }
        }
        let place = |listed: &Listed| (listed.addr, listed.id.clone());
        answer.instances.sort_by_cached_key(place);
        answer.left_out.sort();
        answer
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No service can have this name, so nobody was asked.
    #[error(
        "`{0}` is no good name of a service: it has to fit into the path of a URL. Letters, digits \
         and - . _ are safe"
    )]
    Name(String),
    /// Consul is away, or refuses.
    #[error("{0}")]
    Consul(registry::Error),
    /// It has answered, and what it says cannot be read.
    #[error("Consul answers nonsense: {0}")]
    Nonsense(String),
}

/// What to ask for.
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

    /// The same, but only those with this tag.
    #[must_use]
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

/// For how long Consul may hold an answer back.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Until things have changed since this index ...
    pub index: u64,
    /// ... or this time is over. Consul adds up to a sixteenth, so that not all come back at once.
    pub wait: Duration,
}

// ANCHOR: ask
/// Asks once. `deadline` is for the whole exchange; it has to be longer than what `hold` allows.
///
/// # Errors
/// [`Error`].
pub async fn ask(
    registry: &Registry,
    query: &Query,
    hold: Option<Hold>,
    deadline: Duration,
) -> Result<Answer, Error> {
    let Query { name, tag } = query.clone();
    if !is_a_name(&name) {
        return Err(Error::Name(name));
    }
    let blocking = hold.map(|hold| Blocking {
        index: hold.index,
        wait: Some(format!("{}ms", hold.wait.as_millis())),
    });
    let features = Features {
        blocking,
        ..Features::default()
    };
    let question = Healthy {
        name,
        tag,
        features: Some(features),
    };
    let call = exec_with_result(registry.client(), question);
    let reply = match caught(registry.within(deadline, call)).await {
        Some(reply) => reply.map_err(|error| Error::Consul(short(error)))?,
        None => return Err(Error::Nonsense("a header that is no text".to_string())),
    };
    let index = reply.index.and_then(|index| index.parse().ok());
    Ok(Answer::of(index.unwrap_or(0), reply.response))
}
// ANCHOR_END: ask

/// A page of words is kept as a line: it stays in memory until Consul is back.
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

/// `None` if it panics. consulrs takes for granted that all headers of a reply are text; a peer that
/// sends something else must not end us.
pub async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
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
