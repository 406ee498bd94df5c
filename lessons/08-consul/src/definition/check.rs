//! The definition of a check: how to find out, how often, and what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::Status;
use crate::decode::{Fields, Place, Wrong};
use crate::refused::Refused;

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

impl CheckDefinition {
    /// Reads and judges a check that is registered by itself.
    pub fn read(value: Value) -> Result<CheckDefinition, Refused> {
        let mut fields = Fields::of(value, Place::Within(""), "structs.CheckDefinition")?;
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

    /// Reads a check inside a service.
    pub(super) fn of_service(
        value: Value,
        place: &'static str,
    ) -> Result<CheckDefinition, Refused> {
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
        Ok(check)
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
        let tls = fields.flag("GRPCUseTLS")? && !grpc.is_empty();
        // Whether a certificate is looked at: of no account without TLS.
        fields.flag("TLSSkipVerify")?;
        if tls || http.starts_with("https:") {
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
    pub(super) fn judge(&self) -> Result<(), Refused> {
        match self.probe {
            Probe::None => Err(Refused::bad(
                "Invalid check: TTL must be > 0 for TTL checks",
            )),
            _ => Ok(()),
        }
    }
}

/// What Go has in a member that nobody set.
pub(super) fn is_zero(value: &Value) -> bool {
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
