//! Definitions: what somebody asks the agent to register, over HTTP or in a file.
//!
//! Reading one touches nothing. A definition that is wrong in any part is refused as a whole before
//! the first bit of it is registered.

pub mod check;
pub mod entry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::{Fields, Place, Wrong};
use crate::refused::Refused;
use crate::service::{Address, Service, Weights};
use check::is_zero;

pub use check::{CheckDefinition, Probe};

/// A service and its checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct ServiceDefinition {
    pub service: Service,
    pub checks: Vec<CheckDefinition>,
}

const SERVICE: &str = "structs.ServiceDefinition";

impl ServiceDefinition {
    /// Reads and judges the definition of a service.
    pub fn read(value: Value) -> Result<ServiceDefinition, Refused> {
        let mut fields = Fields::of(value, Place::Within(""), SERVICE)?;
        let mut service = Service {
            kind: fields.text("Kind")?,
            id: fields.text("ID")?,
            name: fields.text("Name")?,
            tags: fields.texts("Tags")?,
            address: fields.text("Address")?,
            tagged_addresses: addresses(&mut fields)?,
            meta: fields.map("Meta")?,
            port: fields.whole("Port")?.unwrap_or(0),
            weights: weights(&mut fields)?,
            enable_tag_override: fields.flag("EnableTagOverride")?,
            ..Service::default()
        };
        let mut checks = Vec::new();
        if let Some(value) = fields.take("Check") {
            // An empty one counts as none; in the list below it is a mistake.
            let empty = value
                .as_object()
                .is_some_and(|members| members.values().all(is_zero));
            let check = CheckDefinition::of_service(value, ".Check");
            let check = check.map_err(|refused| refused.within("check"))?;
            checks.extend(Some(check).filter(|_| !empty));
        }
        let list = fields.list("Checks", "structs.CheckTypes")?;
        for (number, value) in list.into_iter().enumerate() {
            let check = CheckDefinition::of_service(value, ".Checks");
            checks.push(check.map_err(|refused| refused.within(&format!("checks[{number}]")))?);
        }
        // ACLs are off, so a token is taken and ignored, as by a Consul without ACLs.
        fields.text("Token")?;
        for mesh in ["Proxy", "Connect"] {
            let asked = fields
                .take(mesh)
                .is_some_and(|v| v.as_object().is_none_or(|o| !o.is_empty()));
            if asked {
                return Err(Refused::not_here(format!("{mesh}: the service mesh")));
            }
        }
        fields.end()?;

        if service.name.is_empty() {
            return Err(Refused::bad("Missing service name"));
        }
        if ["0.0.0.0", "::", "[::]"].contains(&service.address.as_str()) {
            return Err(Refused::bad("Invalid service address"));
        }
        judge_meta(&service.meta)?;
        for check in &checks {
            check.judge()?;
        }
        let Weights { passing, warning } = service.weights;
        if passing < 1 {
            return Err(Refused::bad(
                "Invalid Weights: Passing must be greater than 0",
            ));
        }
        if warning < 0 {
            let words = "Invalid Weights: Warning must be greater or equal than 0";
            return Err(Refused::bad(words));
        }
        if passing > 65535 || warning > 65535 {
            return Err(Refused::bad(
                "Invalid Weights: DNS Weight must be between 0 and 65535",
            ));
        }

        if service.id.is_empty() {
            service.id = service.name.clone();
        }
        tag_addresses(&mut service);
        let several = checks.len() > 1;
        for (number, check) in checks.iter_mut().enumerate() {
            check.service_id = service.id.clone();
            if check.id.is_empty() {
                check.id = format!("service:{}", service.id);
                if several {
                    check.id += &format!(":{}", number + 1);
                }
            }
            if check.name.is_empty() {
                check.name = format!("Service '{}' check", service.name);
            }
        }
        Ok(ServiceDefinition { service, checks })
    }
}

/// Meta is copied to every caller who asks, so it is short, and its names are plain.
fn judge_meta(meta: &BTreeMap<String, String>) -> Result<(), Refused> {
    if meta.len() > 64 {
        return Err(Refused::bad(
            "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs",
        ));
    }
    for (key, value) in meta {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let why = if key.is_empty() {
            "Key cannot be blank"
        } else if !key.chars().all(plain) {
            "Key contains invalid characters"
        } else if key.len() > 128 {
            "Key is too long (limit: 128 characters)"
        } else if key.starts_with("consul-") {
            "Key prefix 'consul-' is reserved for internal use"
        } else if value.len() > 512 {
            "Value is too long (limit: 512 characters)"
        } else {
            continue;
        };
        let pair = format!("Couldn't load metadata pair ('{key}', '{value}')");
        return Err(Refused::bad(format!("Invalid Service Meta: {pair}: {why}")));
    }
    Ok(())
}

fn weights(fields: &mut Fields) -> Result<Weights, Wrong> {
    let Some(value) = fields.take("Weights") else {
        return Ok(Weights::default());
    };
    let mut fields = Fields::of(value, Place::Within("Weights.Weights"), "structs.Weights")?;
    let weights = Weights {
        passing: fields.whole("Passing")?.unwrap_or(0),
        warning: fields.whole("Warning")?.unwrap_or(0),
    };
    fields.end()?;
    Ok(weights)
}

fn addresses(fields: &mut Fields) -> Result<BTreeMap<String, Address>, Wrong> {
    let map = fields.object("TaggedAddresses", "map[string]structs.ServiceAddress")?;
    let mut addresses = BTreeMap::new();
    for (tag, value) in map {
        let place = Place::Within("ServiceAddress.TaggedAddresses");
        let mut fields = Fields::of(value, place, "structs.ServiceAddress")?;
        let address = Address {
            address: fields.text("Address")?,
            port: fields.whole("Port")?.unwrap_or(0),
        };
        fields.end()?;
        addresses.insert(tag, address);
    }
    Ok(addresses)
}

/// An address that is an IP is also listed under the names by which each kind of network asks for it.
fn tag_addresses(service: &mut Service) {
    let tags = match service.address.parse() {
        Ok(std::net::IpAddr::V4(_)) => ["lan_ipv4", "wan_ipv4"],
        Ok(std::net::IpAddr::V6(_)) => ["lan_ipv6", "wan_ipv6"],
        Err(_) => return,
    };
    for tag in tags {
        let address = Address {
            address: service.address.clone(),
            port: service.port,
        };
        service
            .tagged_addresses
            .entry(tag.to_owned())
            .or_insert(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(json: &str) -> Result<ServiceDefinition, Refused> {
        ServiceDefinition::read(crate::decode::value(json.as_bytes())?)
    }

    fn words(json: &str) -> String {
        service(json).unwrap_err().words
    }

    #[test]
    fn a_name_is_enough() {
        let web = service(r#"{"Name":"web"}"#).unwrap();
        assert_eq!(
            (web.service.id.as_str(), web.service.name.as_str()),
            ("web", "web")
        );
        assert_eq!(
            web.service.weights,
            Weights {
                passing: 1,
                warning: 1
            }
        );
        assert!(web.checks.is_empty());
    }

    #[test]
    fn checks_are_named_after_their_service_and_numbered_if_several() {
        let one = service(r#"{"Name":"web","Check":{"TTL":"1s"}}"#).unwrap();
        assert_eq!(one.checks[0].id, "service:web");
        assert_eq!(one.checks[0].name, "Service 'web' check");
        let two = service(r#"{"Name":"w","ID":"w1","Check":{"TTL":"1s"},"Checks":[{"TTL":"2s"}]}"#);
        let ids: Vec<_> = two
            .unwrap()
            .checks
            .into_iter()
            .map(|check| check.id)
            .collect();
        assert_eq!(ids, ["service:w1:1", "service:w1:2"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_consuls_words() {
        assert_eq!(words("{}"), "Missing service name");
        assert_eq!(
            words(r#"{"Name":"x","Address":"0.0.0.0"}"#),
            "Invalid service address"
        );
        assert_eq!(
            words(r#"{"Name":"x","Check":{"HTTP":"http://x"}}"#),
            "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks"
        );
        assert_eq!(
            words(r#"{"Name":"x","Check":{"Script":"zz","Interval":"1s"}}"#),
            "Request decode failed: json: unknown field \"Script\""
        );
        assert_eq!(
            words(r#"{"Name":"x","Check":{"HTTP":5}}"#),
            "Request decode failed: json: cannot unmarshal number into Go struct field .Check of \
             type string"
        );
    }

    #[test]
    fn the_reaper_waits_a_minute_at_least() {
        let json = r#"{"Name":"x","Check":{"TTL":"5s","deregister_critical_service_after":"1s"}}"#;
        assert_eq!(
            service(json).unwrap().checks[0].deregister_after,
            Some(std::time::Duration::from_secs(60))
        );
    }
}
