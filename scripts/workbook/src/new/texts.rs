//! The files of a new service. Each is a file here as well, with `.in` behind its name, so that neither
//! cargo nor an editor takes it for a part of the runner.

use super::Kind;

macro_rules! texts {
    ($($path:literal from $file:literal),* $(,)?) => {
        &[$(($path, include_str!($file))),*]
    };
}

const SRV: &[(&str, &str)] = texts![
    "README.md" from "srv/README.md.in",
    "proto/{{crate}}.proto" from "srv/service.proto.in",
    "src/main.rs" from "srv/main.rs.in",
    "src/handler.rs" from "srv/handler.rs.in",
    "src/subscriber.rs" from "srv/subscriber.rs.in",
    "src/lib.rs" from "srv/lib.rs.in",
    "tests/answers.rs" from "srv/answers.rs.in",
    "Cargo.toml" from "srv/Cargo.toml.in",
    "build.rs" from "srv/build.rs.in",
    "Dockerfile" from "all/Dockerfile.in",
];

const WEB: &[(&str, &str)] = texts![
    "README.md" from "web/README.md.in",
    "html/index.html" from "web/index.html.in",
    "html/page.js" from "web/page.js.in",
    "src/main.rs" from "web/main.rs.in",
    "src/handler.rs" from "web/handler.rs.in",
    "src/lib.rs" from "web/lib.rs.in",
    "proto/{{calls_crate}}.proto" from "all/called.proto.in",
    "tests/answers.rs" from "web/answers.rs.in",
    "Cargo.toml" from "web/Cargo.toml.in",
    "build.rs" from "all/build.rs.in",
    "Dockerfile" from "all/Dockerfile.in",
];

const API: &[(&str, &str)] = texts![
    "README.md" from "api/README.md.in",
    "proto/{{crate}}.proto" from "api/service.proto.in",
    "src/main.rs" from "api/main.rs.in",
    "src/handler.rs" from "api/handler.rs.in",
    "src/lib.rs" from "api/lib.rs.in",
    "proto/{{calls_crate}}.proto" from "all/called.proto.in",
    "tests/answers.rs" from "api/answers.rs.in",
    "Cargo.toml" from "api/Cargo.toml.in",
    "build.rs" from "api/build.rs.in",
    "Dockerfile" from "all/Dockerfile.in",
];

/// The files of this kind: path and text, both with words to fill in. In the order of reading.
pub fn of(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Srv => SRV,
        Kind::Web => WEB,
        Kind::Api => API,
    }
}
