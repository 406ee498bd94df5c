//! The lines of `doctor` about Redis.

use std::path::Path;

use super::{Finding, Install, Need, imports, make_python, program, python_with_packages, version};

/// The real Redis, looked for where lessons 15 and 16 look: `testkit::redis` is the other half of
/// this.
#[must_use]
pub fn server() -> Finding {
    let missing =
        |missing| format!("{missing}; lessons 15 and 16 run without it, on the Redis of lesson 15");
    Finding {
        name: "Redis",
        need: Need::Later,
        found: version(program("REDIS_BIN", "redis-server"), "--version").map_err(missing),
        mend: Install::here().command(&["redis-server", "redis", "redis", "redis"]),
    }
}

/// Its own client, which calls the learner's answers in lesson 15's `peer`.
#[must_use]
pub fn client() -> Finding {
    Finding {
        name: "redis-cli",
        need: Need::Tests,
        found: version("redis-cli", "--version"),
        mend: Install::here().command(&["redis-tools", "redis", "redis", "redis"]),
    }
}

/// redis-py, which does the same.
#[must_use]
pub fn python(root: &Path) -> Finding {
    let needed = "import redis; print('redis-py', redis.__version__)";
    Finding {
        name: "Python redis",
        need: Need::Tests,
        found: imports(&python_with_packages(root), needed).ok_or("not installed".to_owned()),
        mend: make_python("lessons/15-redis/interop/python/requirements.txt"),
    }
}

/// What `peer 15` needs: both of them; the first one that is missing is told.
#[must_use]
pub fn both(root: &Path) -> Finding {
    let client = client();
    if client.found.is_err() {
        client
    } else {
        python(root)
    }
}
