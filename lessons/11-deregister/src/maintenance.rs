//! Maintenance: an instance is hidden from callers, and stays registered. Consul adds a critical check of its own, so a query
//! for healthy instances leaves it out. A second call removes that check. The service itself is not told, and answers
//! calls.
//!
//! consulrs has this call without the reason, which an operator reads later. So this is an endpoint of our own, as in
//! lesson 10. API: <https://developer.hashicorp.com/consul/api-docs/agent/service#enable-maintenance-mode>.

use consulrs::api::exec_with_empty;
use consulrs::api::features::{FeaturedEndpoint, Features};
use l09_register::registry::{Error, Registry};
use rustify::endpoint::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};

// ANCHOR: maintenance
/// `PUT /v1/agent/service/maintenance/:id`
#[derive(Clone, Debug)]
struct Maintenance {
    id: String,
    enable: bool,
    reason: String,
}

impl Endpoint for Maintenance {
    type Response = ();
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        format!("agent/service/maintenance/{}", self.id)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::PUT
    }

    fn query(&self) -> Result<Option<String>, rustify::errors::ClientError> {
        let enable = self.enable.to_string();
        let query = [("enable", enable.as_str()), ("reason", &self.reason)];
        rustify::http::build_query(&query).map(Some)
    }
}

impl FeaturedEndpoint for Maintenance {
    fn features(&self) -> Option<Features> {
        None
    }
}

/// Hides the instance `id` from queries for healthy instances. `reason` is a text for operators.
///
/// # Errors
/// [`Error`]; an id that Consul does not know is refused with 404.
pub async fn hide(registry: &Registry, id: &str, reason: &str) -> Result<(), Error> {
    set(registry, id, true, reason).await
}

/// Ends the maintenance. Without one it changes nothing.
///
/// # Errors
/// As [`hide`].
pub async fn show(registry: &Registry, id: &str) -> Result<(), Error> {
    set(registry, id, false, "").await
}
// ANCHOR_END: maintenance

async fn set(registry: &Registry, id: &str, enable: bool, reason: &str) -> Result<(), Error> {
    let request = Maintenance {
        id: id.to_string(),
        enable,
        reason: reason.to_string(),
    };
    registry
        .in_time(exec_with_empty(registry.client(), request))
        .await
}
