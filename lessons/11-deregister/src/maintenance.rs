//! Maintenance: hidden, and still there. Consul puts a critical check of its own beside those of the
//! service; whoever asks for healthy instances passes it over, and one call takes the check away
//! again. The service itself is not told, and answers whoever calls.
//!
//! consulrs has this call, but cannot say why; the reason is what the next person reads at night. So
//! this is an endpoint of our own, as lesson 10's.

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

/// Hides an instance from those who ask for healthy ones, and says why.
///
/// # Errors
/// [`Error`]; an id that Consul does not know is refused with 404.
pub async fn hide(registry: &Registry, id: &str, reason: &str) -> Result<(), Error> {
    set(registry, id, true, reason).await
}

/// Shows it again. One that is not hidden stays as it is.
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
