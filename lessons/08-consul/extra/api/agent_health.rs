//! `/v1/agent/health`: the health of this agent's services, in the status code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::api::call::{Answer, Call};
use crate::check::{Check, Status};
use crate::extra::answer::text;
use crate::local::Local;
use crate::service::Service;

/// The health of one instance, in the status code: 200 passing, 429 warning, 503 critical. A load
/// balancer that knows nothing but HTTP can ask this.
pub async fn by_id(call: Call) -> Answer {
    let id = call.needed("serviceID")?;
    let found = call.shared.store.read(|state| {
        state
            .local
            .service(id)
            .map(|service| health_of(&state.local, service))
    });
    match found {
        Some((status, body)) => by_status(&call, Some(status), status.as_str(), &body),
        None => {
            let reason = format!("ServiceId {id} not found");
            by_status(&call, None, &reason, &critical_nothing())
        }
    }
}

/// The state of all instances of a name together: that of the worst of them.
pub async fn by_name(call: Call) -> Answer {
    let name = call.needed("service Name")?;
    let found: Vec<_> = call.shared.store.read(|state| {
        let named = state
            .local
            .services()
            .filter(|service| service.name == name);
        named
            .map(|service| health_of(&state.local, service))
            .collect()
    });
    let worst = found.iter().map(|(status, _)| *status).max();
    let bodies: Vec<_> = found.into_iter().map(|(_, body)| body).collect();
    match worst {
        Some(status) => by_status(&call, Some(status), status.as_str(), &Value::Array(bodies)),
        None => {
            let reason = format!("ServiceName {name} Not Found");
            by_status(&call, None, &reason, &Value::Array(bodies))
        }
    }
}

fn critical_nothing() -> Value {
    json!({ "AggregatedStatus": "critical", "Service": null, "Checks": null })
}

/// The worst of a service's checks, those of the node included, and the checks. Maintenance is worse
/// than critical: an operator wants it so.
fn health_of(local: &Local, service: &Service) -> (Health, Value) {
    let counts = |check: &&Check| check.service_id.is_empty() || check.service_id == service.id;
    let checks: Vec<_> = local.checks().filter(counts).collect();
    let health = checks.iter().map(|check| match check.r#type {
        "maintenance" => Health::Maintenance,
        _ => Health::Is(check.status),
    });
    let health = health.max().unwrap_or(Health::Is(Status::Passing));
    let body = json!({
        "AggregatedStatus": health.as_str(),
        "Service": service,
        "Checks": checks.into_iter().map(old_shape).collect::<Vec<_>>(),
    });
    (health, body)
}

/// From well to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Is(Status),
    Maintenance,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Health::Is(status) => status.as_str(),
            Health::Maintenance => "maintenance",
        }
    }
}

/// 1.8.7 shows checks in an older shape here: no type, and a definition with every member empty.
fn old_shape(check: &Check) -> Value {
    let mut value = json!(check);
    value["Type"] = json!("");
    value["Definition"] = json!({
        "Interval": "0s",
        "Timeout": "0s",
        "DeregisterCriticalServiceAfter": "0s",
        "HTTP": "",
        "Header": null,
        "Method": "",
        "Body": "",
        "TLSSkipVerify": false,
        "TCP": "",
    });
    value
}

fn by_status(call: &Call, health: Option<Health>, reason: &str, body: &Value) -> Answer {
    let code = match health {
        Some(Health::Is(Status::Passing)) => StatusCode::OK,
        Some(Health::Is(Status::Warning)) => StatusCode::TOO_MANY_REQUESTS,
        Some(Health::Is(Status::Critical) | Health::Maintenance) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::NOT_FOUND,
    };
    let as_text = call.get("format") == "text";
    let mut answer: Response = if as_text && body.is_object() && health.is_none() {
        // An id that is not there is told in JSON even to those who asked for text; a name is not.
        call.answer(&reason)?
    } else if as_text {
        let mut answer = text(code, reason.to_owned());
        answer
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        answer
    } else {
        call.answer(body)?
    };
    *answer.status_mut() = code;
    if let Ok(reason) = HeaderValue::from_str(reason) {
        answer.headers_mut().insert("x-consul-reason", reason);
    }
    Ok(answer)
}
