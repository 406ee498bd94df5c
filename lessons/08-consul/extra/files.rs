//! Definition files: services and checks that are written down for the agent.
//!
//! A file in the config directory is read when the agent starts and when it is told to reload, and at
//! no other time: saving a file changes nothing yet. All files are read and judged before one of them
//! counts, so a mistake in one leaves everything as it was.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::Value;

use super::decode::plain;
use crate::definition::{CheckDefinition, ServiceDefinition};
use crate::local::Source;
use crate::refused::Refused;
use crate::shared::Shared;

/// The definitions of all files together.
pub type Definitions = (Vec<ServiceDefinition>, Vec<CheckDefinition>);

/// A file of definitions is some lines; this is a bound against reading something else altogether.
const MOST: u64 = 4 * 1024 * 1024;
/// No client requested anything.
const DECODE: &str = "Request decode failed: ";

/// Reads every `.json` file of a directory, in the order of their names.
pub fn read(directory: Option<&Path>) -> anyhow::Result<Definitions> {
    let mut all = Definitions::default();
    let Some(directory) = directory else {
        return Ok(all);
    };
    let listing = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read the config directory {}", directory.display()))?;
    let mut paths = Vec::new();
    for entry in listing {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let size = std::fs::metadata(&path).map_or(0, |data| data.len());
        if size > MOST {
            bail!(
                "{}: {size} bytes are too many for definitions",
                path.display()
            );
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        parse(&text, &mut all).map_err(|(line, words)| {
            // The words of Consul, and what it leaves to be searched for: the line.
            anyhow::anyhow!("failed to parse {}: line {line}: {words}", path.display())
        })?;
    }
    Ok(all)
}

impl Shared {
    /// Takes over what the files say now. What was registered over HTTP stays, as in a Consul with a data
    /// directory; `consul agent -dev`, which has none, forgets it.
    pub fn replace_files(
        self: &Arc<Self>,
        services: Vec<ServiceDefinition>,
        checks: Vec<CheckDefinition>,
    ) -> Result<(), Refused> {
        let (old_services, old_checks) = self.store.read(|state| {
            let goes = |source: Source| source == Source::File;
            let is_named = |id: &str| services.iter().any(|new| new.service.id == id);
            let stale = state.local.services.iter();
            let stale = stale.filter(|(id, local)| goes(local.source) && !is_named(id));
            // The checks of a service go with it, or are replaced together with it.
            let lone = state.local.checks.iter().filter(|(id, local)| {
                let kept = is_named(&local.check.service_id);
                goes(local.source) && !kept && !checks.iter().any(|check| check.id == **id)
            });
            let stale: Vec<_> = stale.map(|(id, _)| id.clone()).collect();
            (stale, lone.map(|(id, _)| id.clone()).collect::<Vec<_>>())
        });
        // Judged before anything goes: what fails now would leave half of it done.
        for definition in &services {
            self.may_run(&definition.checks, Source::File)
                .map_err(|refused| {
                    let name = &definition.service.name;
                    let words = format!("Failed to register service {name:?}: {}", refused.words);
                    Refused::internal(format!("Failed reloading services: {words}"))
                })?;
        }
        self.may_run(&checks, Source::File)?;
        for id in old_services {
            self.deregister_service(&id)?;
        }
        for id in old_checks {
            self.deregister_check(&id)?;
        }
        for definition in services {
            self.register_service(definition, Source::File, true)?;
        }
        checks
            .into_iter()
            .try_for_each(|check| self.register_check(check, Source::File))
    }
}

/// Reads the files again and takes over what they say.
pub fn reload(shared: &Arc<Shared>) -> Result<(), Refused> {
    let files = read(shared.config_dir.as_deref());
    let (services, checks) = files.map_err(|error| Refused::internal(format!("{error:#}")))?;
    shared.replace_files(services, checks)
}

/// One file; an error has its line and its reason.
fn parse(text: &str, all: &mut Definitions) -> Result<(), (usize, String)> {
    let value = serde_json::from_str(text);
    let value: Value = value.map_err(|error| (error.line(), error.to_string()))?;
    let Value::Object(members) = value else {
        return Err((
            1,
            "a definition file is an object: {\"service\": {...}}".into(),
        ));
    };
    for (name, value) in members {
        if !["service", "services", "check", "checks"].contains(&name.as_str()) {
            let words = format!(
                "invalid config key {name} (this agent's files hold service, services, check and \
                 checks; a real Consul's hold its whole configuration)"
            );
            return Err((line_of(text, &name).unwrap_or(1), words));
        }
        let (list, single) = match value {
            Value::Array(list) => (list, false),
            one => (vec![one], true),
        };
        for (number, value) in list.into_iter().enumerate() {
            let done = if name.starts_with("service") {
                ServiceDefinition::read(value).map(|service| all.0.push(service))
            } else {
                CheckDefinition::read(value).map(|check| all.1.push(check))
            };
            done.map_err(|refused| {
                let place = if single {
                    name.clone()
                } else {
                    format!("{name}[{number}]")
                };
                let Refused { words, member, .. } = refused.at(&place);
                let last = member.rsplit('.').next().unwrap_or("");
                let line = line_of(text, last)
                    .or_else(|| line_of(text, &name))
                    .unwrap_or(1);
                let words = words.replace(DECODE, "");
                match words.starts_with("json: unknown field") {
                    true => (line, format!("invalid config key {member}")),
                    false => (line, format!("{place}: {words}")),
                }
            })?;
        }
    }
    Ok(())
}

/// The first line with this member. Names may be spelt with underscores, so these do not count.
fn line_of(text: &str, member: &str) -> Option<usize> {
    let wanted = format!("\"{}\"", plain(member));
    if member.is_empty() {
        return None;
    }
    text.lines()
        .position(|line| plain(line).contains(&wanted))
        .map(|line| line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (usize, String) {
        parse(text, &mut Definitions::default()).unwrap_err()
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_its_reason() {
        let (line, words) = wrong("{\n  \"service\": {\n    \"name\" 5\n");
        assert_eq!(
            (line, words.as_str()),
            (3, "expected `:` at line 3 column 12")
        );
        let (line, words) = wrong("{\n\"service\": {\n\"name\": \"a\",\n\"prot\": 80\n}\n}");
        assert_eq!(
            (line, words.as_str()),
            (4, "invalid config key service.prot")
        );
        let (line, words) = wrong("{\n\"checks\": [{\"name\":\"a\",\n\"script\": \"ls\"}]}");
        assert_eq!(
            (line, words.as_str()),
            (3, "invalid config key checks[0].script")
        );
        let (line, words) = wrong("{\n\"data_dir\": \"/tmp\"}");
        assert!(
            line == 2 && words.contains("whole configuration"),
            "{words}"
        );
        let (_, words) = wrong("{\"service\": {\"check\": {\"ttl\": \"1s\"}}}");
        assert_eq!(words, "service: Missing service name");
    }
}
