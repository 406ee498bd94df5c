//! Two queries about all services, which a watch without a name needs: which names have a healthy instance, and
//! whether the list of services has changed. consulrs does not have the first one, and cannot read the answer
//! to the second, so both are endpoints of ours, as in lesson 10.

use std::collections::BTreeSet;
use std::time::Duration;

use consulrs::api::exec_with_result;
use consulrs::api::features::{Blocking, FeaturedEndpoint, Features};
use l09_register::registry::Registry as Agent;
use l10_discover::health::{self, BlockingQuery, Error};
use rustify::endpoint::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use serde::Deserialize;

use super::consul_words as words;

/// The most services that are followed at once.
const SERVICES: usize = 1_000;

/// The names of all services that have an instance that is well, sorted, and the index of this
/// answer. Consul's own list of services would name those of crashed ones as well.
pub async fn names(
    agent: &Agent,
    blocking: Option<BlockingQuery>,
    deadline: Duration,
) -> Result<(Vec<String>, u64), Error> {
    let question = List {
        path: "health/state/passing",
        features: features(blocking),
    };
    let (checks, index) = ask::<Vec<Check>>(agent, question, deadline).await?;
    let ours = checks.iter().filter(|check| words::is_ours(&check.id));
    let names: BTreeSet<String> = ours
        .filter_map(|check| words::read_name(&check.service))
        .take(SERVICES)
        .collect();
    Ok((names.into_iter().collect(), index))
}

/// The index of Consul's list of services: held back until a service has come, changed or gone.
pub async fn services(
    agent: &Agent,
    blocking: Option<BlockingQuery>,
    deadline: Duration,
) -> Result<u64, Error> {
    let question = List {
        path: "catalog/services",
        features: features(blocking),
    };
    let (_, index) = ask::<serde::de::IgnoredAny>(agent, question, deadline).await?;
    Ok(index)
}

/// A check, as far as it is of interest here.
#[derive(Debug, Deserialize)]
struct Check {
    #[serde(rename = "CheckID", default)]
    id: String,
    #[serde(rename = "ServiceName", default)]
    service: String,
}

/// A question that consulrs does not have, or whose answer it cannot read.
#[derive(Clone, Debug)]
struct List {
    path: &'static str,
    features: Option<Features>,
}

impl Endpoint for List {
    type Response = serde_json::Value;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.to_owned()
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }
}

impl FeaturedEndpoint for List {
    fn features(&self) -> Option<Features> {
        self.features.clone()
    }
}

fn features(blocking: Option<BlockingQuery>) -> Option<Features> {
    let blocking = blocking.map(|blocking| Blocking {
        index: blocking.index,
        wait: Some(format!("{}ms", blocking.wait.as_millis())),
    });
    Some(Features {
        blocking,
        ..Features::default()
    })
}

/// Asks once. The answer and its index, 0 if it said none.
async fn ask<T: serde::de::DeserializeOwned>(
    agent: &Agent,
    question: List,
    deadline: Duration,
) -> Result<(T, u64), Error> {
    let call = exec_with_result(agent.client(), question);
    let Some(reply) = health::catch_panic(agent.within(deadline, call)).await else {
        return Err(Error::Malformed("a header that is no text".to_owned()));
    };
    let reply = reply.map_err(Error::Consul)?;
    let index = reply.index.and_then(|index| index.parse().ok());
    let answer = serde_json::from_value(reply.response);
    let answer = answer.map_err(|error| Error::Malformed(error.to_string()))?;
    Ok((answer, index.unwrap_or(0)))
}
