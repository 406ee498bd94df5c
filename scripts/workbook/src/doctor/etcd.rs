//! The lines of `doctor` about etcd.

use super::{Finding, Install, Need, program, version};

/// The names of its packages: server and client come apart in some systems.
const PACKAGES: [&str; 4] = ["etcd-server etcd-client", "etcd", "etcd", "etcd etcd-ctl"];

/// The real etcd, looked for where lesson 13 looks: `testkit::etcd` is the other half of this. There
/// is no embedded one.
pub fn server() -> Finding {
    let missing = |missing| {
        format!(
            "{missing}; only lesson 13 can use one, as one of five registries, and its tests do"
        )
    };
    Finding {
        name: "etcd",
        need: Need::Later,
        found: version(program("ETCD_BIN", "etcd"), "--version").map_err(missing),
        mend: match Install::here() {
            Install::Other => {
                "download etcd 3.4 or newer from its releases; then, unless it is on \
                               the PATH: export ETCD_BIN=/path/to/it"
                    .into()
            }
            here => here.command(&PACKAGES),
        },
    }
}

/// Its own client, the stranger of lesson 13's tests.
pub fn client() -> Finding {
    Finding {
        name: "etcdctl",
        need: Need::Tests,
        found: version("etcdctl", "version"),
        mend: Install::here().command(&PACKAGES),
    }
}
