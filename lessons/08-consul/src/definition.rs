//! Definitions: services and checks to register, sent over HTTP or written in a file.
//!
//! Reading one touches nothing. A definition that is wrong in any part is refused as a whole before
//! the first bit of it is registered.

pub mod check;

use serde_json::Value;

use crate::extra::decode::{Fields, is_zero};
use crate::extra::parts::{judge_meta, judge_weights};
use crate::refused::Refused;
use crate::service::{Address, Service};

pub use check::{CheckDefinition, Probe};

/// A service and its checks.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "said above")]
pub struct ServiceDefinition {
    pub service: Service,
    pub checks: Vec<CheckDefinition>,
}

impl ServiceDefinition {
    /// Reads and judges the definition of a service.
    pub fn read(value: Value) -> Result<ServiceDefinition, Refused> {
        let mut fields = Fields::of(value)?;
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

/// Reads a service from the members of a definition or of a catalog entry. `name` is the member with
/// its name, which differs between the two.
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
        let check = CheckDefinition::of_service(value);
        let check = check.map_err(|refused| refused.at("check"))?;
        checks.extend(Some(check).filter(|_| !empty));
    }
    let list: Vec<Value> = fields.get("Checks")?;
    for (number, value) in list.into_iter().enumerate() {
        let check = CheckDefinition::of_service(value);
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
