//! More of `/v1/agent`: one service with a hash to wait on, maintenance, and the reload.

use axum::http::HeaderValue;
use serde::Serialize;

use crate::api::agent::done;
use crate::api::call::{Answer, Call};
use crate::extra::files;
use crate::local::Local;
use crate::refused::Refused;
use crate::service::Service;
use crate::shared::Shared;
use crate::store::{State, Topic};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Hashed<'a> {
    #[serde(flatten)]
    service: &'a Service,
    content_hash: &'a str,
}

/// One service, with a hash of it that a caller may wait on as on an index.
pub async fn service(call: Call) -> Answer {
    let id = call.rest.as_str();
    let find = |local: &Local| {
        local
            .service(id)
            .map(|service| (hash(service), service.clone()))
    };
    let seen = call.get("hash");
    if !seen.is_empty() {
        let is_new = |state: &State| {
            let now = find(&state.local);
            u64::from(now.is_none_or(|(hash, _)| hash != seen))
        };
        let (_, wait) = call.index_and_wait()?;
        let Shared { store, clock, .. } = &*call.shared;
        store.wait_past(Topic::Local, clock, 0, wait, is_new).await;
    }
    let Some((hash, service)) = call.shared.store.read(|state| find(&state.local)) else {
        return Err(Refused::new(404, format!("unknown service ID: {id}")));
    };
    let mut answer = call.answer(&Hashed {
        service: &service,
        content_hash: &hash,
    })?;
    if let Ok(hash) = HeaderValue::from_str(&hash) {
        answer.headers_mut().insert("x-consul-contenthash", hash);
    }
    Ok(answer)
}

/// Equal services have equal hashes, and unequal ones almost never: FNV-1a over the JSON.
fn hash(service: &Service) -> String {
    let bytes = serde_json::to_vec(service).unwrap_or_default();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:x}")
}

/// Hides a service, or shows it again.
pub async fn maintain(call: Call) -> Answer {
    if call.rest.is_empty() {
        return Err(Refused::bad("Missing service ID"));
    }
    let on = call.enable()?;
    let id = call.rest.as_str();
    let there = |state: &State| state.local.service(id).is_some();
    if !call.shared.store.read(there) {
        let words = format!("No service registered with ID {id:?}");
        return Err(Refused::new(404, words));
    }
    call.shared.maintenance(id, on, call.get("reason"))?;
    done()
}

/// Hides every service of this node, or shows them again.
pub async fn maintain_node(call: Call) -> Answer {
    let on = call.enable()?;
    call.shared.maintenance("", on, call.get("reason"))?;
    done()
}

/// Reads the definition files again.
pub async fn reload(call: Call) -> Answer {
    files::reload(&call.shared)?;
    done()
}

impl Call {
    fn enable(&self) -> Result<bool, Refused> {
        match self.get("enable") {
            "" => Err(Refused::bad("Missing value for enable")),
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            other => Err(Refused::bad(format!("Invalid value for enable: {other:?}"))),
        }
    }
}
