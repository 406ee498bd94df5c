//! The lines of `doctor` about Consul.

use std::path::Path;

use super::{Finding, Install, Need, program_got, version};

/// The real Consul, looked for where the lessons look: `testkit::consul` is the other half of this.
/// Nobody has to have it: the agent of lesson 08 stands in, and only the cluster needs the real one.
pub fn program(root: &Path) -> Finding {
    let got = root.join("target/tools/consul/consul");
    let found = version(program_got("CONSUL_BIN", got, "consul"), "version").map_err(|missing| {
        format!("{missing}; lessons use the embedded one, the agent of lesson 08")
    });
    Finding {
        name: "Consul",
        need: Need::Later,
        found,
        mend: match Install::here() {
            Install::Apt => "scripts/get-consul".into(),
            Install::Brew => "brew install consul".into(),
            _ => "download Consul 1.8 or newer from HashiCorp's releases; then, unless it is on \
                  the PATH: export CONSUL_BIN=/path/to/it"
                .into(),
        },
    }
}

/// Consul's own port. Taken by the Consul of `services up` it is in good hands.
pub fn port(root: &Path) -> Finding {
    Finding {
        name: "port 8500",
        need: Need::Comfort,
        found: super::port_of(root, "consul", 8500),
        mend: "stop what uses it, or choose another: cargo workbook services up consul --port 8501"
            .into(),
    }
}
