//! Definitions: what somebody asks the agent to register, over HTTP or in a file.
//!
//! Reading one touches nothing. A definition that is wrong in any part is refused as a whole before
//! the first bit of it is registered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::Status;
use crate::decode::{Fields, Place, Wrong};
use crate::refused::Refused;
use crate::service::{Address, Service, Weights};

/// A service and its checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct ServiceDefinition {
    pub service: Service,
    pub checks: Vec<CheckDefinition>,
}

/// A check: how to find out, how often, and what follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// Empty: named after its service.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The state until the first result; none is critical.
    pub status: Option<Status>,
    /// For people.
    pub notes: String,
    /// The service that it is about; empty: the node.
    pub service_id: String,
    /// How to find out.
    pub probe: Probe,
    /// The pause between two tries.
    pub interval: Duration,
    /// How long a try may take; none: 10 s, as in Consul (30 s for a script).
    pub timeout: Option<Duration>,
    /// Critical for so long: the service is deregistered.
    pub deregister_after: Option<Duration>,
    /// So many good results in a row before it turns passing.
    pub success_before_passing: u64,
    /// So many bad results in a row before it turns critical.
    pub failures_before_critical: u64,
    /// How many bytes of output are kept.
    pub output_max_size: usize,
}

/// The ways to find out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub enum Probe {
    /// Nothing to do, and nothing to wait for.
    #[default]
    None,
    /// The service itself must call, at least this often.
    Ttl(Duration),
    Http {
        url: String,
        method: String,
        header: BTreeMap<String, Vec<String>>,
        body: String,
    },
    Tcp(String),
    /// `host:port` or `host:port/service`.
    Grpc(String),
    Script(Vec<String>),
}

impl Probe {
    /// The word in a check's `Type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Probe::None => "",
            Probe::Ttl(_) => "ttl",
            Probe::Http { .. } => "http",
            Probe::Tcp(_) => "tcp",
            Probe::Grpc(_) => "grpc",
            Probe::Script(_) => "script",
        }
    }
}

/// Consul keeps so much of a check's output.
const OUTPUT: usize = 4096;
/// More often than this nobody is asked, whatever the interval says.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The reaper takes nothing away sooner.
const MIN_REAP: Duration = Duration::from_secs(60);

const SERVICE: &str = "structs.ServiceDefinition";
const CHECK: &str = "structs.CheckDefinition";

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
            let check = CheckDefinition::of_service(value, ".Check");
            checks.extend(check.map_err(|refused| refused.within("check"))?);
        }
        match fields.take("Checks") {
            None => {}
            Some(Value::Array(list)) => {
                for (number, value) in list.into_iter().enumerate() {
                    let check = CheckDefinition::of_service(value, ".Checks");
                    let place = || format!("checks[{number}]");
                    checks.extend(check.map_err(|refused| refused.within(&place()))?);
                }
            }
            Some(other) => {
                // The decoder finds the words; an object is the one value that it would take.
                let other = if other.is_object() { "object" } else { "value" };
                return Err(Wrong {
                    words: format!(
                        "json: cannot unmarshal {other} into Go struct field .Checks of type \
                         structs.CheckTypes"
                    ),
                    member: "Checks".into(),
                }
                .into());
            }
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

impl CheckDefinition {
    /// Reads and judges a check that is registered by itself.
    pub fn read(value: Value) -> Result<CheckDefinition, Refused> {
        let mut fields = Fields::of(value, Place::Within(""), CHECK)?;
        let id = fields.text("ID")?;
        let service_id = fields.text("ServiceID")?;
        fields.text("Token")?;
        let status = fields.text("Status")?;
        let mut check = CheckDefinition::members(fields)?;
        check.id = id;
        check.service_id = service_id;
        if check.name.is_empty() {
            return Err(Refused::bad("Missing check name"));
        }
        check.status = match status.as_str() {
            "" => None,
            text => Some(Status::parse(text).ok_or_else(|| Refused::bad("Bad check status"))?),
        };
        check.judge()?;
        if check.id.is_empty() {
            check.id = check.name.clone();
        }
        Ok(check)
    }

    /// Reads a check inside a service. An empty one is none.
    fn of_service(value: Value, place: &'static str) -> Result<Option<CheckDefinition>, Refused> {
        let empty = value
            .as_object()
            .is_some_and(|members| members.values().all(is_zero));
        let mut fields = Fields::of(value, Place::Is(place), "structs.CheckType")?;
        let id = fields.text("CheckID")?;
        let status = fields.text("Status")?;
        let mut check = CheckDefinition::members(fields)?;
        check.status = match status.as_str() {
            "" => None,
            text => Some(Status::parse(text).ok_or_else(|| {
                Refused::bad("Status for checks must 'passing', 'warning', 'critical'")
            })?),
        };
        check.id = id;
        Ok(Some(check).filter(|_| !empty))
    }

    /// The members that both kinds of check have.
    fn members(mut fields: Fields) -> Result<CheckDefinition, Refused> {
        let http = fields.text("HTTP")?;
        let header = fields.lists("Header")?;
        let method = fields.text("Method")?;
        let body = fields.text("Body")?;
        let tcp = fields.text("TCP")?;
        let grpc = fields.text("GRPC")?;
        let ttl = fields.duration("TTL")?;
        let mut args = fields.texts("Args")?;
        args.extend(fields.texts("ScriptArgs")?);
        let reap = fields.duration("DeregisterCriticalServiceAfter")?;
        let output = fields.whole("OutputMaxSize")?.unwrap_or(0);
        let mut check = CheckDefinition {
            name: fields.text("Name")?,
            notes: fields.text("Notes")?,
            interval: fields.duration("Interval")?,
            timeout: Some(fields.duration("Timeout")?).filter(|timeout| !timeout.is_zero()),
            deregister_after: Some(reap.max(MIN_REAP)).filter(|_| !reap.is_zero()),
            success_before_passing: count(&mut fields, "SuccessBeforePassing")?,
            failures_before_critical: count(&mut fields, "FailuresBeforeCritical")?,
            output_max_size: OUTPUT,
            ..CheckDefinition::default()
        };
        if output < 0 {
            return Err(Refused::bad(
                "Invalid check: MaxOutputMaxSize must be positive",
            ));
        }
        if output > 0 {
            check.output_max_size = usize::try_from(output).unwrap_or(OUTPUT).min(OUTPUT);
        }
        for absent in ["AliasNode", "AliasService", "DockerContainerID", "Shell"] {
            if !fields.text(absent)?.is_empty() {
                return Err(Refused::not_here(format!("{absent}: this kind of check")));
            }
        }
        if fields.flag("GRPCUseTLS")? || fields.flag("TLSSkipVerify")? || http.starts_with("https:")
        {
            return Err(Refused::not_here("a check over TLS"));
        }
        fields.end()?;

        let timed = !args.is_empty() || !http.is_empty() || !tcp.is_empty() || !grpc.is_empty();
        if !check.interval.is_zero() && !ttl.is_zero() {
            return Err(Refused::bad(
                "Invalid check: Interval and TTL cannot both be specified",
            ));
        }
        if timed && check.interval.is_zero() {
            return Err(Refused::bad(
                "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks",
            ));
        }
        check.probe = if !grpc.is_empty() {
            Probe::Grpc(grpc)
        } else if !http.is_empty() {
            let method = if method.is_empty() {
                "GET".into()
            } else {
                method
            };
            Probe::Http {
                url: http,
                method,
                header,
                body,
            }
        } else if !ttl.is_zero() {
            Probe::Ttl(ttl)
        } else if !tcp.is_empty() {
            Probe::Tcp(tcp)
        } else if !args.is_empty() {
            Probe::Script(args)
        } else {
            Probe::None
        };
        if timed {
            check.interval = check.interval.max(MIN_INTERVAL);
        }
        Ok(check)
    }

    /// A check must have something to find out with.
    fn judge(&self) -> Result<(), Refused> {
        match self.probe {
            Probe::None => Err(Refused::bad(
                "Invalid check: TTL must be > 0 for TTL checks",
            )),
            _ => Ok(()),
        }
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

/// What Go has in a member that nobody set.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => ["", "0", "0s"].contains(&text.as_str()),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => *other == Value::Bool(false) || other.is_null(),
    }
}

fn count(fields: &mut Fields, name: &str) -> Result<u64, Wrong> {
    Ok(u64::try_from(fields.whole(name)?.unwrap_or(0)).unwrap_or(0))
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
            Some(MIN_REAP)
        );
    }
}
