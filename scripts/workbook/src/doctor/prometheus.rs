//! The line of `doctor` about Prometheus.

use super::{Finding, Install, Need, program, version};

/// The real Prometheus, looked for where lesson 17 looks: `testkit::prometheus` is the other half of this.
pub fn server() -> Finding {
    let missing = |missing| format!("{missing}; only the second page of lesson 17 needs it");
    Finding {
        name: "Prometheus",
        need: Need::Later,
        found: version(program("PROMETHEUS_BIN", "prometheus"), "--version").map_err(missing),
        mend: match Install::here() {
            Install::Other => "download Prometheus 2.40 or newer from its releases; then, unless it is on the PATH: \
                               export PROMETHEUS_BIN=/path/to/it"
                .into(),
            here => here.command(&["prometheus", "golang-github-prometheus", "prometheus", "prometheus"]),
        },
    }
}
