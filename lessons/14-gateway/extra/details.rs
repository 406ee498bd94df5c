//! The details of a gRPC status (`google/rpc/error_details.proto`) as JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::Message;
use prost_types::Any;
use serde_json::{Value as Json, json};
use tonic::Status;
use tonic_types::pb;

/// So many details are passed on.
const DETAILS: usize = 16;

/// The details of a status.
#[derive(Debug, Default)]
pub struct Details {
    /// Each of them as JSON.
    pub json: Vec<Json>,
    /// After how many seconds a `RetryInfo` asks the caller to come again.
    pub retry_after: Option<u64>,
}

/// The details of this status, at most 16 of them.
pub fn of(status: &Status) -> Details {
    let mut details = Details::default();
    let all = pb::Status::decode(status.details()).map(|it| it.details);
    for any in all.unwrap_or_default().into_iter().take(DETAILS) {
        if let Some(retry) = read::<pb::RetryInfo>(&any, "RetryInfo") {
            let delay = retry.retry_delay.unwrap_or_default();
            let seconds = u64::try_from(delay.seconds).unwrap_or(0);
            details.retry_after = Some(seconds + u64::from(delay.nanos > 0));
        }
        details.json.push(detail(&any));
    }
    details
}

/// The message inside, if it is of that type.
fn read<M: Message + Default>(any: &Any, name: &str) -> Option<M> {
    let found = any
        .type_url
        .strip_prefix("type.googleapis.com/google.rpc.")?;
    M::decode(&*any.value).ok().filter(|_| found == name)
}

/// The usual ones of `google/rpc/error_details.proto` in words, all others as their bytes.
fn detail(any: &Any) -> Json {
    let mut json = if let Some(it) = read::<pb::BadRequest>(any, "BadRequest") {
        let one = |it: pb::bad_request::FieldViolation| json!({ "field": it.field, "description": it.description });
        let all: Vec<_> = it.field_violations.into_iter().map(one).collect();
        json!({ "fieldViolations": all })
    } else if let Some(it) = read::<pb::RetryInfo>(any, "RetryInfo") {
        let delay = it.retry_delay.unwrap_or_default();
        json!({ "retryDelay": delay.to_string() })
    } else if let Some(it) = read::<pb::ErrorInfo>(any, "ErrorInfo") {
        json!({ "reason": it.reason, "domain": it.domain, "metadata": it.metadata })
    } else if let Some(it) = read::<pb::ResourceInfo>(any, "ResourceInfo") {
        json!({ "resourceType": it.resource_type, "resourceName": it.resource_name,
                "owner": it.owner, "description": it.description })
    } else {
        json!({ "value": BASE64_STANDARD.encode(&any.value) })
    };
    json["@type"] = Json::String(any.type_url.clone());
    json
}
