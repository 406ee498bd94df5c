//! The schema of a service: its methods by the path that a browser asks for. It is made from the answer of
//! reflection, if that is consistent.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use prost_types::FileDescriptorSet;
use prost_types::method_options::IdempotencyLevel;
use tonic::codegen::http::uri::PathAndQuery;

use super::reflect::{Limits, Told, Unknown};

/// A method of a service.
#[derive(Debug)]
pub struct Method {
    /// `say/hello`: what comes behind the service in a URL.
    pub url: String,
    /// `/user.v1.Say/Hello`: what gRPC calls it.
    pub path: PathAndQuery,
    /// Its description.
    pub desc: MethodDescriptor,
    /// The contract says that nothing changes by it: `idempotency_level = NO_SIDE_EFFECTS`.
    pub harmless: bool,
}

impl Method {
    /// Returns the type of the request.
    pub fn input(&self) -> MessageDescriptor {
        self.desc.input()
    }

    /// Returns the type of the reply.
    pub fn output(&self) -> MessageDescriptor {
        self.desc.output()
    }
}

/// The methods and messages of a service.
#[derive(Debug)]
pub struct Schema {
    methods: Vec<Arc<Method>>,
    /// By the URL that `/openapi.json` tells: most requests use it.
    by_url: HashMap<String, Arc<Method>>,
}

/// Why a method is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// There is none of that name; these are there.
    None(Vec<String>),
    /// There is more than one. Their full names tell them apart.
    Many(Vec<String>),
}

impl Schema {
    /// Makes a schema of the answers to reflection.
    ///
    /// # Errors
    /// [`Unknown::Unusable`] if it does not fit together.
    pub fn new(told: Told, limits: Limits) -> Result<Schema, Unknown> {
        let unusable =
            |words: String| Unknown::Unusable(format!("its description is broken: {words}"));
        let pool = pool(told.files).map_err(unusable)?;
        check(&pool, limits.fields).map_err(unusable)?;
        let mut all = Vec::new();
        for name in told.services {
            let service = pool.get_service_by_name(&name);
            let service = service.ok_or_else(|| unusable(format!("nothing describes `{name}`")))?;
            for desc in service.methods() {
                let path = format!("/{name}/{}", desc.name());
                let path =
                    PathAndQuery::try_from(path).map_err(|error| unusable(error.to_string()))?;
                all.push((service.clone(), desc, path));
            }
        }
        Ok(Schema::of(all))
    }

    fn of(all: Vec<(ServiceDescriptor, MethodDescriptor, PathAndQuery)>) -> Schema {
        let names: Vec<_> = all.iter().map(|(_, desc, _)| desc.clone()).collect();
        let methods = all.into_iter().map(|(service, desc, path)| {
            let short = format!("{}/{}", lowered(service.name()), lowered(desc.name()));
            let (first, second) = short.split_once('/').unwrap_or_default();
            // The short name, as long as it means this method and no other.
            let url = match search(&names, first, second).as_slice() {
                [only] if *only == desc => short,
                _ => path.path().trim_start_matches('/').to_string(),
            };
            Arc::new(Method {
                url,
                path,
                harmless: harmless(&desc),
                desc,
            })
        });
        let methods: Vec<_> = methods.collect();
        let by_url = methods
            .iter()
            .map(|it| (it.url.clone(), it.clone()))
            .collect();
        Schema { methods, by_url }
    }

    /// Returns all methods, service by service.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.methods
    }

    // ANCHOR: find
    /// The method for the last two parts of a URL. `say/hello` and `Say/Hello` find `Say.Hello`, and so
    /// does its full name, `user.v1.Say/Hello`; `_` and `-` between words do not matter.
    pub fn find(&self, service: &str, method: &str) -> Result<Arc<Method>, NotFound> {
        if let Some(found) = self.by_url.get(&format!("{service}/{method}")) {
            return Ok(found.clone());
        }
        let all: Vec<_> = self
            .methods
            .iter()
            .map(|method| method.desc.clone())
            .collect();
        let found = search(&all, service, method);
        let names = |all: &[MethodDescriptor]| {
            all.iter()
                .take(20)
                .map(|it| it.full_name().to_string())
                .collect()
        };
        match found.as_slice() {
            [] => Err(NotFound::None(names(&all))),
            [only] => {
                let same = self.methods.iter().find(|method| method.desc == *only);
                same.cloned().ok_or(NotFound::None(Vec::new()))
            }
            many => Err(NotFound::Many(names(many))),
        }
    }
    // ANCHOR_END: find
}

/// The methods that fit best to these two parts of a URL.
fn search(all: &[MethodDescriptor], service: &str, method: &str) -> Vec<MethodDescriptor> {
    let fit = |desc: &MethodDescriptor| {
        let parent = desc.parent_service();
        let by_name = match parent.full_name() == service {
            true => 4,
            false => likeness(parent.name(), service)?,
        };
        Some(by_name * 10 + likeness(desc.name(), method)?)
    };
    let best = all.iter().filter_map(fit).max();
    let found = all
        .iter()
        .filter(|desc| best.is_some() && fit(desc) == best);
    found.cloned().collect()
}

/// How well a part of a URL fits to a name; `None` if it is another one.
fn likeness(name: &str, part: &str) -> Option<u32> {
    let folded = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    match part {
        part if part == name => Some(3),
        part if part == lowered(name) => Some(2),
        part if folded(part) == folded(name) => Some(1),
        _ => None,
    }
}

/// With a small first letter.
fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn harmless(desc: &MethodDescriptor) -> bool {
    let proto = desc.method_descriptor_proto();
    let options = proto.options.as_ref();
    options.is_some_and(|it| it.idempotency_level() == IdempotencyLevel::NoSideEffects)
}

/// The types in these files, and those that every protobuf has.
fn pool(
    files: BTreeMap<String, prost_types::FileDescriptorProto>,
) -> Result<DescriptorPool, String> {
    let mut pool = DescriptorPool::global();
    let known = pool.clone();
    let ours = |(name, _): &(String, _)| known.get_file_by_name(name).is_none();
    let file = files
        .into_iter()
        .filter(ours)
        .map(|(_, file)| file)
        .collect();
    let added = pool.add_file_descriptor_set(FileDescriptorSet { file });
    added.map_err(|error| error.to_string())?;
    Ok(pool)
}

/// What prost-reflect takes for granted, because every compiler sees to it.
fn check(pool: &DescriptorPool, most: usize) -> Result<(), String> {
    let mut fields = 0;
    for message in pool.all_messages() {
        fields += 1 + message.fields().len();
        if fields > most {
            return Err(format!("more than {most} fields"));
        }
        for field in message.fields() {
            let Kind::Message(entry) = field.kind() else {
                continue;
            };
            if entry.is_map_entry() && !is_entry(&entry) {
                return Err(format!("`{}` is not a map", field.full_name()));
            }
        }
        if message.is_map_entry() && !is_entry(&message) {
            return Err(format!("`{}` is no entry of a map", message.full_name()));
        }
    }
    Ok(())
}

/// A key of a kind that may be one, and a value.
fn is_entry(entry: &MessageDescriptor) -> bool {
    let (Some(key), Some(value)) = (entry.get_field(1), entry.get_field(2)) else {
        return false;
    };
    let key_fits = !matches!(
        key.kind(),
        Kind::Double | Kind::Float | Kind::Bytes | Kind::Enum(_) | Kind::Message(_)
    );
    key_fits && !key.is_list() && !value.is_list() && !value.is_map() && entry.fields().len() == 2
}
