//! The files for a deployment say the same as the table that `up` starts the machines from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use l17_production::machines::units::{Program, UNITS};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn read(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

#[test]
fn compose_has_the_same_services_and_ports() {
    let compose: Value = serde_saphyr::from_str(&read("compose.yaml")).unwrap();
    let services = compose["services"].as_object().unwrap();
    let ports = |service: &Value| {
        let ports = service["x-ports"].as_array().unwrap().iter();
        ports
            .map(|port| port.as_u64().unwrap())
            .collect::<Vec<u64>>()
    };
    let written: BTreeMap<&str, Vec<u64>> = (services.iter())
        .map(|(name, service)| (name.as_str(), ports(service)))
        .collect();
    let table: BTreeMap<&str, Vec<u64>> = (UNITS.iter())
        .map(|unit| {
            (
                unit.name,
                unit.ports.iter().map(|port| u64::from(*port)).collect(),
            )
        })
        .collect();
    assert_eq!(written, table);
    // Each secret that a service names is a file, and none is in its environment.
    for (name, service) in services {
        for secret in service["secrets"].as_array().unwrap() {
            assert!(
                compose["secrets"][secret.as_str().unwrap()]["file"].is_string(),
                "{name}"
            );
        }
        assert!(service.get("environment").is_none(), "{name}");
    }
}

#[test]
fn each_unit_of_the_table_has_a_file_for_systemd() {
    let mut files: Vec<String> = fs::read_dir(folder().join("systemd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut table: Vec<String> = UNITS
        .iter()
        .map(|unit| format!("{}.service", unit.name))
        .collect();
    table.sort();
    assert_eq!(files, table);
    for unit in &UNITS {
        let text = read(&format!("systemd/{}.service", unit.name));
        let program = match unit.program {
            Program::Consul => "/usr/bin/consul agent",
            Program::Redis | Program::Sentinel => "/usr/bin/redis-server",
            Program::Captcha => "/usr/local/bin/l17-production captcha --settings",
            Program::Web => "/usr/local/bin/l17-production web --settings",
        };
        assert!(
            text.contains(&format!("ExecStart={program}")),
            "{}",
            unit.name
        );
        assert!(
            text.contains("LoadCredential=") && !text.contains("Environment="),
            "{}",
            unit.name
        );
    }
    // Its own reader, where it is installed; the programs need not be.
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .args(files.iter().map(|file| folder().join("systemd").join(file)))
        .output();
    if let Ok(said) = verify {
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let about_us = said
            .lines()
            .filter(|line| table.iter().any(|name| line.contains(name.as_str())));
        let wrong: Vec<&str> = about_us
            .filter(|line| !line.contains("is not executable"))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn the_manifests_have_the_types_of_kubernetes() {
    for (name, role, port) in [
        ("captcha", Program::Captcha, 8880),
        ("web", Program::Web, 8080),
    ] {
        assert!(
            UNITS
                .iter()
                .any(|unit| unit.program == role && unit.ports == [port])
        );
        let text = read(&format!("kubernetes/{name}.yaml"));
        let first = text.split("\n---\n").next().unwrap();
        let deployment: Deployment = serde_saphyr::from_str(first).unwrap();
        let spec = deployment.spec.unwrap();
        assert_eq!(
            spec.selector.match_labels,
            spec.template.metadata.unwrap().labels
        );
        let pod = spec.template.spec.unwrap();
        let container = &pod.containers[0];
        assert_eq!(container.args.as_ref().unwrap()[0], name);
        assert_eq!(
            container.ports.as_ref().unwrap()[0].container_port,
            i32::from(port)
        );
        assert!(
            container.env.is_none(),
            "a secret would be in the environment"
        );
        // It has the time to leave: 8 seconds.
        assert!(pod.termination_grace_period_seconds.unwrap() > 8);
        let secret = pod
            .volumes
            .unwrap()
            .into_iter()
            .find_map(|volume| volume.secret);
        assert_eq!(secret.unwrap().default_mode, Some(0o400));
        // A field that Kubernetes does not know is dropped without an error: what was read must be all that was written.
        let written: Value = serde_saphyr::from_str(first).unwrap();
        let again: Deployment = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), written, "{name}");
    }
    let web = read("kubernetes/web.yaml");
    let service: Service = serde_saphyr::from_str(web.split("\n---\n").nth(1).unwrap()).unwrap();
    assert_eq!(service.spec.unwrap().ports.unwrap()[0].port, 8080);
}
