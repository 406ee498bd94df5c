//! `GET /v1/health/service/:name`, the question of this lesson: who is home under this name, and
//! well? consulrs 0.1 does not have it, but everything that its own endpoints are made of is public.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use consulrs::api::exec_with_result;
use consulrs::api::features::{Blocking, FeaturedEndpoint, Features};
use consulrs::client::Client;
use consulrs::error::ClientError;
use rustify::endpoint::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use serde::Deserialize;
use tokio::time::timeout;

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

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No service can have this name, so nobody was asked.
    Name(String),
    /// Consul was not reached, or broke off: words of the system.
    Away(String),
    /// It said nothing for this long.
    Silent(Duration),
    /// It answered with a status that is no success, and these words.
    Refused(u16, String),
    /// It answered something that is no list of instances.
    Nonsense(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Name(name) => write!(
                f,
                "{name:?} is no name of a service: letters, digits, `-`, `_` and `.`"
            ),
            Trouble::Away(why) => write!(f, "Consul is not reached: {why}"),
            Trouble::Silent(time) => {
                write!(f, "Consul said nothing for {:.1} s", time.as_secs_f64())
            }
            Trouble::Refused(code, words) => write!(f, "Consul answers {code}: {words}"),
            Trouble::Nonsense(why) => write!(f, "what Consul answers is no list: {why}"),
        }
    }
}

impl std::error::Error for Trouble {}

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

/// For how long Consul may hold an answer back.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Until things have changed since this index ...
    pub index: u64,
    /// ... or this time is over. Consul adds up to a sixteenth, so that not all come back at once.
    pub wait: Duration,
}

/// The most instances that are kept of one answer. A service with more has other worries.
pub const MOST: usize = 10_000;

// ANCHOR: ask
/// Asks once. `deadline` is for the whole exchange, and longer than what `hold` allows Consul.
///
/// # Errors
/// [`Trouble`].
pub async fn ask(
    client: &impl Client,
    query: &Query,
    hold: Option<Hold>,
    deadline: Duration,
) -> Result<Answer, Trouble> {
    let Query { name, tag } = query.clone();
    if !is_a_name(&name) {
        return Err(Trouble::Name(name));
    }
    let blocking = hold.map(|hold| Blocking {
        index: hold.index,
        wait: Some(format!("{}ms", hold.wait.as_millis())),
    });
    let features = Some(Features {
        blocking,
        ..Features::default()
    });
    let question = Healthy {
        name,
        tag,
        features,
    };
    // consulrs has no deadline of its own.
    let asked = timeout(deadline, caught(exec_with_result(client, question)));
    let reply = match asked.await {
        Err(_) => return Err(Trouble::Silent(deadline)),
        Ok(None) => return Err(Trouble::Nonsense("its headers are no text".to_string())),
        Ok(Some(reply)) => reply.map_err(trouble)?,
    };
    let index = reply.index.and_then(|index| index.parse().ok());
    let mut answer = Answer {
        index: index.unwrap_or(0),
        ..Answer::default()
    };
    for entry in reply.response.into_iter().take(MOST) {
        match Listed::try_from(entry) {
            Ok(listed) => answer.instances.push(listed),
            Err(why) => answer.left_out.push(why),
        }
    }
    answer
        .instances
        .sort_by(|a, b| (a.addr, &a.id).cmp(&(b.addr, &b.id)));
    Ok(answer)
}
// ANCHOR_END: ask

/// The name becomes part of a path, and consulrs would escape it twice.
fn is_a_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name != "." && name != ".." && name.chars().all(allowed)
}

/// `None` if it panics. consulrs takes for granted that all headers of a reply are text; a peer that
/// sends something else must not end us.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
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

fn trouble(error: ClientError) -> Trouble {
    use rustify::errors::ClientError as Rest;
    match &error {
        ClientError::APIError { code, message } => {
            let words = message.as_deref().unwrap_or("no words").trim();
            Trouble::Refused(*code, words.chars().take(200).collect())
        }
        ClientError::RestClientError {
            source: Rest::ResponseParseError { source, .. },
        } => Trouble::Nonsense(source.to_string()),
        _ => Trouble::Away(innermost(&error)),
    }
}

/// The last error in the chain: what the system said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
