//! Definitions: what somebody asks the agent to register, over HTTP or in a file.
//!
//! Reading one touches nothing. A definition that is wrong in any part is refused as a whole before
//! the first bit of it is registered.

pub mod check;
mod parts;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::{Fields, Place};
use crate::refused::Refused;
use crate::service::{Address, Service};
use check::is_zero;
use parts::{judge_meta, judge_weights};

pub use check::{CheckDefinition, Probe};

/// A service and its checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct ServiceDefinition {
    pub service: Service,
    pub checks: Vec<CheckDefinition>,
}

impl ServiceDefinition {
    /// Reads and judges the definition of a service.
    pub fn read(value: Value) -> Result<ServiceDefinition, Refused> {
        let mut fields = Fields::of(value, "", Place::Within(""), "structs.ServiceDefinition")?;
        let mut service = service(&mut fields, "Name")?;
        let mut checks = checks(&mut fields)?;
        // ACLs are off, so a token is taken and ignored, as by a Consul without ACLs.
        fields.get::<String>("Token")?;
        for mesh in ["Proxy", "Connect"] {
            if !is_zero(&fields.get(mesh)?) {
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
        service.meta.iter().try_for_each(judge_meta)?;
        checks.iter().try_for_each(CheckDefinition::judge)?;
        judge_weights(&service.weights)?;

        if service.id.is_empty() {
            service.id.clone_from(&service.name);
        }
        tag_addresses(&mut service);
        let several = checks.len() > 1;
        for (number, check) in (1..).zip(&mut checks) {
            check.service_id.clone_from(&service.id);
            if check.id.is_empty() {
                check.id = match several {
                    true => format!("service:{}:{number}", service.id),
                    false => format!("service:{}", service.id),
                };
            }
            if check.name.is_empty() {
                check.name = format!("Service '{}' check", service.name);
            }
        }
        Ok(ServiceDefinition { service, checks })
    }
}

/// What a definition and an entry of the catalog have in common; the name is called otherwise there.
pub fn service(fields: &mut Fields, name: &str) -> Result<Service, Refused> {
    Ok(Service {
        kind: fields.get("Kind")?,
        id: fields.get("ID")?,
        name: fields.get(name)?,
        tags: fields.get("Tags")?,
        address: fields.get("Address")?,
        tagged_addresses: fields.get("TaggedAddresses")?,
        meta: Some(fields.get("Meta")?),
        port: fields.get("Port")?,
        weights: fields.get("Weights")?,
        enable_tag_override: fields.get("EnableTagOverride")?,
        ..Service::default()
    })
}

/// The one check and the list of checks: both may be given.
fn checks(fields: &mut Fields) -> Result<Vec<CheckDefinition>, Refused> {
    let mut checks = Vec::new();
    if let Some(value) = fields.take("Check") {
        // An empty one counts as none; in the list below it is a mistake.
        let members = value.as_object();
        let empty = members.is_some_and(|members| members.values().all(is_zero));
        let check = CheckDefinition::of_service(value, ".Check");
        let check = check.map_err(|refused| refused.at("check"))?;
        checks.extend(Some(check).filter(|_| !empty));
    }
    let list = fields.list("Checks", "structs.CheckTypes")?;
    for (number, value) in list.into_iter().enumerate() {
        let check = CheckDefinition::of_service(value, ".Checks");
        checks.push(check.map_err(|refused| refused.at(&format!("checks[{number}]")))?);
    }
    Ok(checks)
}

/// An address that is an IP is also listed under the names by which each kind of network asks for it.
fn tag_addresses(service: &mut Service) {
    let tags = match service.address.parse() {
        Ok(std::net::IpAddr::V4(_)) => ["lan_ipv4", "wan_ipv4"],
        Ok(std::net::IpAddr::V6(_)) => ["lan_ipv6", "wan_ipv6"],
        Err(_) => return,
    };
    for tag in tags.map(str::to_owned) {
        let address = Address {
            address: service.address.clone(),
            port: service.port,
        };
        service.tagged_addresses.entry(tag).or_insert(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Weights;

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
