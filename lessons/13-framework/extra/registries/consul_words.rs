//! An instance as Consul stores it. What callers need is in the tags, because there the keys of metadata may be
//! anything: those of Consul's own `Meta` have 128 letters, digits, `-` and `_` at most. Ids and names become
//! parts of paths, so what does not fit there is escaped.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use l09_register::instance::{Check, Instance as Service};
use l10_discover::health::{Answer, HealthyInstance, Query};

use super::escape::{escape, unescape};
use crate::registry::Instance;

/// The tag of all that we have registered, and of nothing else.
pub const OURS: &str = "micro";
/// Consul's shortest time after which it removes an instance without heartbeats: only to tidy up. No caller sees
/// the instance any more as soon as its time to live is over.
const REAP: Duration = Duration::from_secs(60);

const MARK: u8 = b'_';

/// The name for Consul. It finds names whatever their case, so ours is in a tag as well.
pub fn name(name: &str) -> String {
    // In a path `.` and `..` are no names.
    let dots = name == "." || name == "..";
    escape(name, MARK, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && !dots)
    })
}

/// The other way.
pub fn read_name(name: &str) -> Option<String> {
    unescape(name, MARK)
}

/// The id for Consul. Its catalog takes `A` and `a` for one id.
pub fn id(id: &str) -> String {
    let safe =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    format!("{OURS}:{}", escape(id, MARK, safe))
}

/// The id of its check, as lesson 09 makes it.
pub fn check(instance: &str) -> String {
    format!("{}:ttl", id(instance))
}

/// Returns whether a check is one of ours.
pub fn is_ours(check: &str) -> bool {
    check.starts_with("micro:") && check.ends_with(":ttl")
}

/// The question for all instances of a service.
pub fn query(service: &str) -> Query {
    Query::named(name(service)).tagged(OURS)
}

// ANCHOR: service
/// Returns the service to register in Consul.
pub fn service(instance: &Instance, ttl: Duration) -> Service {
    let mut tags = vec![
        OURS.to_owned(),
        format!("id={}", instance.id),
        format!("name={}", instance.name),
        format!("version={}", instance.version),
    ];
    let pairs = instance.metadata.iter();
    tags.extend(pairs.map(|(key, value)| format!("meta.{}={value}", meta_key(key))));
    Service {
        id: id(&instance.id),
        name: name(&instance.name),
        tags,
        address: instance.addr.ip().to_string(),
        port: instance.addr.port(),
        meta: HashMap::new(),
        checks: vec![Check::Ttl { within: ttl }],
        reap: Some(REAP),
    }
}
// ANCHOR_END: service

/// The first `=` of a tag ends the key.
fn meta_key(key: &str) -> String {
    escape(key, b'%', |byte| byte.is_ascii_graphic() && byte != b'=')
}

/// Those of an answer that are ours and of the service `name`, in the order of their ids.
pub fn instances(answer: &Answer, name: &str) -> Vec<Instance> {
    let all = answer.instances.iter().filter_map(instance);
    let mut instances: Vec<Instance> = all.filter(|instance| instance.name == name).collect();
    instances.sort_by(|a, b| a.id.cmp(&b.id));
    instances
}

fn instance(listed: &HealthyInstance) -> Option<Instance> {
    let (mut id, mut name, mut version) = (None, None, None);
    let mut metadata = BTreeMap::new();
    for tag in &listed.tags {
        let Some((key, value)) = tag.split_once('=') else {
            continue;
        };
        match (key, key.strip_prefix("meta.")) {
            ("id", _) => id = Some(value.to_owned()),
            ("name", _) => name = Some(value.to_owned()),
            ("version", _) => version = Some(value.to_owned()),
            (_, Some(key)) => {
                metadata.insert(unescape(key, b'%')?, value.to_owned());
            }
            _ => (),
        }
    }
    Some(Instance {
        id: id?,
        name: name?,
        version: version?,
        addr: listed.addr,
        metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_comes_back_from_its_tags() {
        let pairs = [("weight", "2"), ("a=b", "c=d"), ("", ""), ("ä", "\n")];
        let pairs = pairs.map(|(key, value)| (key.to_string(), value.to_string()));
        let one = Instance {
            id: "One/你".into(),
            name: "go.micro.srv.user".into(),
            version: "1=2".into(),
            addr: "127.0.0.1:80".parse().unwrap(),
            metadata: pairs.into(),
        };
        let service = service(&one, Duration::from_secs(3));
        assert_eq!(service.id, "micro:_4Fne_2F_E4_BD_A0");
        assert_eq!(service.name, "go.micro.srv.user");
        let listed = HealthyInstance {
            id: service.id,
            addr: one.addr,
            tags: service.tags,
        };
        assert_eq!(instance(&listed), Some(one));
    }

    #[test]
    fn a_name_fits_into_a_path() {
        let names = [".", "..", "a/b", "go.micro", "a_b"].map(name);
        assert_eq!(names, ["_2E", "_2E_2E", "a_2Fb", "go.micro", "a_5Fb"]);
    }

    #[test]
    fn what_others_have_registered_is_not_for_us() {
        let listed = HealthyInstance {
            id: "greeter".into(),
            addr: "127.0.0.1:80".parse().unwrap(),
            tags: vec!["grpc".into(), "id=1".into()],
        };
        assert_eq!(instance(&listed), None);
    }
}
