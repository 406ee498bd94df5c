//! `/openapi.json`: the services behind the gateway at this moment, as OpenAPI 3.1
//! (<https://spec.openapis.org/oas/v3.1.0>). It is made from the registry and from the reflection of each
//! service.

mod comments;
mod message;
mod parameters;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value as Json, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use comments::Comments;

use crate::gateway::find::Directory;
use crate::gateway::schema::{Method, Schema};
use crate::gateway::status::Problem;

/// For so long the page is kept.
const KEPT: Duration = Duration::from_secs(1);
/// So many services are asked at the same time.
const AT_ONCE: usize = 16;
/// So many methods and types are on the page.
const METHODS: usize = 2000;
const TYPES: usize = 5000;

/// The page, kept for a moment: however many want it, it is made once a second at most.
#[derive(Debug, Default)]
pub struct Page {
    kept: tokio::sync::Mutex<Option<(Instant, Bytes)>>,
}

impl Page {
    /// It.
    ///
    /// # Errors
    /// If the registry does not answer. A service that does not is named in the page.
    pub async fn get(&self, directory: &Directory) -> Result<Bytes, Problem> {
        let mut kept = self.kept.lock().await;
        if let Some((when, page)) = &*kept
            && when.elapsed() < KEPT
        {
            return Ok(page.clone());
        }
        let (found, missing) = everything(directory).await?;
        let page = Bytes::from(document(&found, &missing).to_string());
        *kept = Some((Instant::now(), page.clone()));
        Ok(page)
    }
}

type Found = BTreeMap<String, Arc<Schema>>;
type Missing = BTreeMap<String, String>;

/// All services by their short names, and why some are not known.
async fn everything(directory: &Directory) -> Result<(Found, Missing), Problem> {
    let mut names = directory.list().await?.into_iter();
    let (mut found, mut missing) = (Found::new(), Missing::new());
    let mut asking = JoinSet::new();
    loop {
        for name in names.by_ref().take(AT_ONCE - asking.len()) {
            let directory = directory.clone();
            asking.spawn(async move {
                let schema = match directory.service(&name).await {
                    Ok(service) => service.schema().await,
                    Err(problem) => Err(problem),
                };
                (name, schema)
            });
        }
        match asking.join_next().await {
            Some(Ok((name, Ok(schema)))) => drop(found.insert(name, schema)),
            Some(Ok((name, Err(problem)))) => {
                missing.insert(name, problem.message().to_string());
            }
            // The runtime ends.
            Some(Err(_)) => {}
            None => return Ok((found, missing)),
        }
    }
}

// ANCHOR: document
/// The page.
fn document(found: &Found, missing: &Missing) -> Json {
    let mut types = Types::default();
    let mut paths = Map::new();
    paths.insert("/healthz".to_string(), json!({ "get": healthz() }));
    let all = found
        .iter()
        .flat_map(|(name, schema)| schema.methods().iter().map(move |it| (name, it)));
    for (name, method) in all.take(METHODS) {
        let path = format!("/{}/{}", encoded(name), method.url);
        paths.insert(path, types.path(name, method));
    }
    types.finish();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gateway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the services in the registry offer at this moment. A request may say \
                how long it waits, in the header x-timeout-ms; it gets its number back in x-request-id.",
        },
        "paths": paths,
        "components": { "schemas": types.schemas, "responses": { "Problem": problem() } },
    });
    if !missing.is_empty() {
        document["x-not-described"] = json!(missing);
    }
    document
}
// ANCHOR_END: document

fn healthz() -> Json {
    json!({
        "operationId": "healthz",
        "summary": "Whether the gateway itself is there.",
        "responses": {
            "200": {
                "description": "It is.",
                "headers": request_id(),
                "content": { "application/json": { "schema": { "type": "object", "maxProperties": 0 } } },
            },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}

fn request_id() -> Json {
    json!({ "x-request-id": {
        "description": "The number of the request; it may bring its own.",
        "required": true,
        "schema": { "type": "string", "minLength": 1, "maxLength": 64 },
    } })
}

/// All failures look alike.
fn problem() -> Json {
    json!({
        "description": "It has failed.",
        "headers": request_id(),
        "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["code", "status", "message", "request_id"],
            "properties": {
                "code": { "type": "integer", "description": "The status of HTTP." },
                "status": { "type": "string", "description": "The name of gRPC's code." },
                "message": { "type": "string" },
                "details": { "type": "array", "items": { "type": "object" } },
                "request_id": { "type": "string" },
            },
        } } },
    })
}

/// The types that the methods need. Each is described once, and named where it is used: a type can have
/// itself inside.
#[derive(Default)]
struct Types {
    schemas: Map<String, Json>,
    open: VecDeque<(String, Side, MessageDescriptor, String)>,
    comments: Comments,
}

/// A message is described twice: what is taken is more than what is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

impl Types {
    fn path(&mut self, service: &str, method: &Method) -> Json {
        let name = method.desc.full_name();
        let comment = self
            .comments
            .of(&method.desc.parent_file(), method.desc.path());
        let about = &comment.unwrap_or(name).to_string();
        if method.desc.is_client_streaming() {
            return json!({
                "summary": format!("{name} takes a stream of requests, which HTTP and JSON have not"),
                "description": format!("{about}\n\nIt can be called by gRPC."),
            });
        }
        let mut path = Map::new();
        let input = self.name(service, Side::Input, &method.input());
        let mut post = self.operation(service, method, about, "post");
        post["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": input } },
        });
        path.insert("post".to_string(), post);
        if method.harmless {
            let mut get = self.operation(service, method, about, "get");
            get["parameters"] = parameters::of(self, service, &method.input());
            path.insert("get".to_string(), get);
        }
        Json::Object(path)
    }

    fn operation(&mut self, service: &str, method: &Method, about: &str, http: &str) -> Json {
        let output = self.name(service, Side::Output, &method.output());
        let content = match method.desc.is_server_streaming() {
            false => json!({ "application/json": { "schema": output } }),
            true => json!({
                "application/x-ndjson": {
                    "schema": { "type": "string", "description":
                        "A line each: {\"result\": ...}; at the end perhaps {\"error\": ...}." },
                    "x-item-schema": output,
                },
                "text/event-stream": {
                    "schema": { "type": "string", "description":
                        "An event each; at the end the event `end`, or `error`." },
                    "x-item-schema": output,
                },
            }),
        };
        let failed = |words: &str| {
            let mut problem = problem();
            problem["description"] = json!(words);
            problem
        };
        json!({
            "operationId": format!("{service}.{}.{http}", method.desc.full_name()),
            "tags": [service],
            "summary": about.lines().next().unwrap_or_default(),
            "description": about,
            "responses": {
                "200": { "description": "The answer.", "headers": request_id(), "content": content },
                "400": failed("Something about the request does not fit; the message names the field."),
                "503": failed("No instance is there, or none is well, or there are too many requests."),
                "504": failed("There was no answer in time."),
                "default": { "$ref": "#/components/responses/Problem" },
            },
        })
    }

    /// How a message of this type is named; it is described later.
    fn name(&mut self, service: &str, side: Side, desc: &MessageDescriptor) -> Json {
        let end = match side {
            Side::Input => "in",
            Side::Output => "out",
        };
        // Two services may mean two types by one name.
        let name = plain(&format!("{service}.{}.{end}", desc.full_name()));
        if !self.schemas.contains_key(&name) && self.schemas.len() < TYPES {
            self.schemas.insert(name.clone(), Json::Bool(true));
            self.open
                .push_back((name.clone(), side, desc.clone(), service.to_string()));
        }
        match self.schemas.contains_key(&name) {
            true => json!({ "$ref": format!("#/components/schemas/{name}") }),
            false => json!({ "description": "too many types are behind this gateway" }),
        }
    }

    /// Describes what was named, and what that names.
    fn finish(&mut self) {
        while let Some((name, side, desc, service)) = self.open.pop_front() {
            let described = message::message(self, &service, side, &desc);
            self.schemas.insert(name, described);
        }
    }
}

/// With the only letters that a component's name may have.
fn plain(name: &str) -> String {
    let fits = |it: char| it.is_ascii_alphanumeric() || ".-_".contains(it);
    name.chars()
        .map(|it| if fits(it) { it } else { '_' })
        .collect()
}

/// As a part of a path.
fn encoded(name: &str) -> String {
    let fits = |it: u8| it.is_ascii_alphanumeric() || b".-_~".contains(&it);
    let one = |it: u8| match fits(it) {
        true => char::from(it).to_string(),
        false => format!("%{it:02X}"),
    };
    name.bytes().map(one).collect()
}
