//! The definition of a check: how to find out, how often, and what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::check::Status;
use crate::extra::decode::Fields;
use crate::refused::Refused;

/// A check: how to find out, how often, and what follows.
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub success_before_passing: i64,
    /// So many bad results in a row before it turns critical.
    pub failures_before_critical: i64,
    /// How many bytes of output are kept.
    pub output_max_size: usize,
}

/// The kinds of check, each with its target.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// Consul keeps so much of a check's output.
const OUTPUT: usize = 4096;
/// The shortest interval; a shorter one is taken for this.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The reaper takes nothing away sooner.
const MIN_REAP: Duration = Duration::from_secs(60);

/// The first part of the id of a check that puts a service into maintenance.
pub const SERVICE_MAINTENANCE: &str = "_service_maintenance";
/// The id of the check that puts the node into maintenance.
pub const NODE_MAINTENANCE: &str = "_node_maintenance";

impl CheckDefinition {
    /// Returns the member `Type` of the check.
    pub fn kind(&self) -> &'static str {
        let service = self.id.strip_prefix(SERVICE_MAINTENANCE);
        if self.id == NODE_MAINTENANCE || service.is_some_and(|rest| rest.starts_with(':')) {
            return "maintenance";
        }
        match self.probe {
            Probe::None => "",
            Probe::Ttl(_) => "ttl",
            Probe::Http { .. } => "http",
            Probe::Tcp(_) => "tcp",
            Probe::Grpc(_) => "grpc",
            Probe::Script(_) => "script",
        }
    }

    /// Reads and judges a check that is registered by itself.
    pub fn read(value: Value) -> Result<CheckDefinition, Refused> {
        let mut fields = Fields::of(value)?;
        let (id, service_id) = (fields.get("ID")?, fields.get("ServiceID")?);
        fields.get::<String>("Token")?;
        let check = CheckDefinition::members(fields)?;
        let mut check = CheckDefinition {
            id,
            service_id,
            ..check
        };
        if check.name.is_empty() {
            return Err(Refused::bad("Missing check name"));
        }
        check.judge()?;
        if check.id.is_empty() {
            check.id.clone_from(&check.name);
        }
        Ok(check)
    }

    /// Reads a check inside a service. It has no name yet, and is not judged yet.
    pub(super) fn of_service(value: Value) -> Result<CheckDefinition, Refused> {
        let mut fields = Fields::of(value)?;
        let id = fields.get("CheckID")?;
        let check = CheckDefinition::members(fields)?;
        Ok(CheckDefinition { id, ..check })
    }

    /// The members that both kinds of check have.
    fn members(mut fields: Fields) -> Result<CheckDefinition, Refused> {
        let status: String = fields.get("Status")?;
        let reap: Duration = fields.get("DeregisterCriticalServiceAfter")?;
        let timeout = Some(fields.get("Timeout")?).filter(|timeout| *timeout > Duration::ZERO);
        let output: i64 = fields.get("OutputMaxSize")?;
        let (probe, interval) = probe(&mut fields)?;
        let check = CheckDefinition {
            id: String::new(),
            name: fields.get("Name")?,
            status: match status.as_str() {
                "" => None,
                text => Some(Status::parse(text).ok_or_else(|| Refused::bad("Bad check status"))?),
            },
            notes: fields.get("Notes")?,
            service_id: String::new(),
            probe,
            interval,
            timeout,
            deregister_after: (!reap.is_zero()).then(|| reap.max(MIN_REAP)),
            success_before_passing: fields.get("SuccessBeforePassing")?,
            failures_before_critical: fields.get("FailuresBeforeCritical")?,
            output_max_size: match usize::try_from(output) {
                Err(_) => return Err(invalid("MaxOutputMaxSize must be positive")),
                Ok(0) => OUTPUT,
                Ok(size) => size.min(OUTPUT),
            },
        };
        fields.end()?;
        Ok(check)
    }

    /// A check must have something to find out with.
    pub(super) fn judge(&self) -> Result<(), Refused> {
        match self.probe {
            Probe::None => Err(invalid("TTL must be > 0 for TTL checks")),
            _ => Ok(()),
        }
    }
}

/// How to find out, and how often. Where more than one way is given, Consul takes the first in this
/// order.
fn probe(fields: &mut Fields) -> Result<(Probe, Duration), Refused> {
    let interval: Duration = fields.get("Interval")?;
    let ttl: Duration = fields.get("TTL")?;
    let [http, tcp, grpc]: [String; 3] =
        [fields.get("HTTP")?, fields.get("TCP")?, fields.get("GRPC")?];
    let (method, header, body) = (
        fields.get("Method")?,
        fields.get("Header")?,
        fields.get("Body")?,
    );
    let mut args: Vec<String> = fields.get("Args")?;
    args.extend(fields.get::<Vec<_>>("ScriptArgs")?);
    for absent in ["AliasNode", "AliasService", "DockerContainerID", "Shell"] {
        if !fields.get::<String>(absent)?.is_empty() {
            return Err(Refused::not_here(format!("{absent}: this kind of check")));
        }
    }
    let tls = fields.get("GRPCUseTLS")? && !grpc.is_empty();
    // Whether a certificate is looked at: of no account without TLS.
    fields.get::<bool>("TLSSkipVerify")?;
    if tls || http.starts_with("https:") {
        return Err(Refused::not_here("a check over TLS"));
    }
    let timed = !(args.is_empty() && http.is_empty() && tcp.is_empty() && grpc.is_empty());
    if !interval.is_zero() && !ttl.is_zero() {
        return Err(invalid("Interval and TTL cannot both be specified"));
    }
    if timed && interval.is_zero() {
        return Err(invalid(
            "Interval must be > 0 for Script, HTTP, or TCP checks",
        ));
    }
    let probe = if !grpc.is_empty() {
        Probe::Grpc(grpc)
    } else if !http.is_empty() {
        let method = Some(method).filter(|method: &String| !method.is_empty());
        Probe::Http {
            url: http,
            method: method.unwrap_or_else(|| "GET".into()),
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
    Ok((probe, interval.max(MIN_INTERVAL)))
}

fn invalid(why: &str) -> Refused {
    Refused::bad(format!("Invalid check: {why}"))
}
