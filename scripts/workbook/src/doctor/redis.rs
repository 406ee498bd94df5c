//! The lines of `doctor` about Redis.

use std::path::Path;

use super::{Finding, Install, Need, imports, program, python_with_packages, version};

/// The real Redis, looked for where the lessons look: `testkit::redis` is the other half of this.
/// Nobody has to have it: the server of lesson 15 stands in.
pub fn server() -> Finding {
    let missing =
        |missing| format!("{missing}; lessons use the embedded one, the server of lesson 15");
    let found = version(program("REDIS_BIN", "redis-server"), "--version").map_err(missing);
    Finding {
        name: "Redis",
        need: Need::Later,
        found: found.and_then(new_enough),
        mend: match Install::here() {
            Install::Other => {
                "install Redis 7 or newer; then, unless `redis-server` is on the PATH: \
                 export REDIS_BIN=/path/to/it"
                    .into()
            }
            here => here.command(&["redis-server", "redis", "redis", "redis"]),
        },
    }
}

/// `Redis server v=7.0.15 sha=...`, without what nobody needs. `SET ... NX GET` came with 7.0.
fn new_enough(line: String) -> Result<String, String> {
    let line = line.split(" sha=").next().unwrap_or_default().to_owned();
    let number = line.split_once("v=").map_or("", |(_, number)| number);
    let major = number.split('.').next().and_then(|n| n.parse::<u32>().ok());
    match major {
        Some(0..7) => Err(format!(
            "{line} is too old, lessons 15 and 16 need 7.0; they use the embedded one, the server of \
             lesson 15"
        )),
        _ => Ok(line),
    }
}

/// Its own client, one of the strangers of lesson 15.
pub fn client() -> Finding {
    Finding {
        name: "redis-cli",
        need: Need::Tests,
        found: version("redis-cli", "--version"),
        mend: Install::here().command(&["redis-tools", "redis", "redis", "redis"]),
    }
}

/// redis-py, the other stranger of lesson 15.
pub fn python(root: &Path) -> Finding {
    let found = imports(
        &python_with_packages(root),
        "import redis; print('redis-py', redis.__version__)",
    );
    Finding {
        name: "redis-py",
        need: Need::Tests,
        found: found.ok_or("not installed".to_owned()),
        mend: super::python_packages("15-redis"),
    }
}

/// What `peer 15` needs: both of them; the first one that is missing is told.
pub fn both(root: &Path) -> Finding {
    let client = client();
    match client.found {
        Ok(_) => python(root),
        Err(_) => client,
    }
}

/// Redis' own port. Taken by the Redis of `services up` it is in good hands. Any other that has it is
/// most often the one that Debian starts with its package.
pub fn port(root: &Path) -> Finding {
    Finding {
        name: "port 6379",
        need: Need::Comfort,
        found: super::port_of(root, "redis", 6379),
        mend: "nothing to do: this starts one beside it: cargo workbook services up redis --port 0"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::new_enough;

    #[test]
    fn a_redis_that_lacks_what_the_lessons_use_is_told() {
        let line =
            |number: &str| format!("Redis server v={number} sha=00000000:0 malloc=x bits=64");
        assert_eq!(
            new_enough(line("7.0.15")).as_deref(),
            Ok("Redis server v=7.0.15")
        );
        assert!(new_enough(line("10.1.0")).is_ok());
        let old = new_enough(line("6.0.16")).unwrap_err();
        assert!(
            old.contains("6.0.16 is too old") && old.contains("embedded"),
            "{old}"
        );
        // Whoever calls itself otherwise may well be as good.
        assert!(new_enough("Valkey server 8".to_owned()).is_ok());
    }
}
