//! The line of `doctor` about Envoy.

use std::path::Path;
use std::process::Command;

use super::{Finding, Need, program_got};

/// The real Envoy, looked for where lesson 17 looks: `testkit::envoy` is the other half of this.
pub fn program(root: &Path) -> Finding {
    let got = root.join("target/tools/python/bin/envoy");
    // An empty line comes before the one that says it.
    let said = Command::new(program_got("ENVOY_BIN", got, "envoy"))
        .arg("--version")
        .output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let version = said.ok().and_then(|said| {
        let long = said.split("version: ").nth(1)?.trim();
        Some(format!("Envoy {}", long.split('/').nth(1)?))
    });
    Finding {
        name: "Envoy",
        need: Need::Later,
        found: version.ok_or_else(|| "not installed; only lesson 17 needs it".to_owned()),
        mend: super::python_packages("17-production"),
    }
}
