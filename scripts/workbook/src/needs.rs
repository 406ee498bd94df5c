//! What the programs of some lessons need beyond Rust and a C compiler, looked for before cargo
//! starts. Without this a missing package shows as sixty lines from somebody else's build script.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::doctor::{self, Finding};
use crate::words;

/// One such thing, as `needs` in a lesson.toml names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Needed {
    /// OpenSSL's headers and `pkg-config`, which finds them: consulrs is linked with OpenSSL.
    Openssl,
}

/// Looks for all that `needs` names; the words to show if something is missing. `lesson` is its
/// folder name.
///
/// # Errors
/// What is missing, why it is needed, and the command that brings it.
pub fn met(needs: &[Needed], lesson: &str) -> Result<(), String> {
    for needed in needs {
        let finding = match needed {
            Needed::Openssl => openssl(),
        };
        if let Err(why) = &finding.found {
            return Err(words::lesson_needs(
                lesson,
                finding.name,
                why,
                &finding.mend,
            ));
        }
    }
    Ok(())
}

/// OpenSSL as its crate for Rust finds it: where `$OPENSSL_DIR` says, else by asking `pkg-config`.
/// macOS and Windows have a TLS of their own, and consulrs uses that.
pub fn openssl() -> Finding {
    Finding {
        name: "OpenSSL",
        need: doctor::Need::Later,
        found: if cfg!(all(unix, not(target_vendor = "apple"))) {
            find_openssl()
        } else {
            Ok("not needed on this system".to_owned())
        },
        mend: doctor::install(&[
            "pkg-config libssl-dev",
            "pkgconf-pkg-config openssl-devel",
            "pkgconf openssl",
            "pkgconf openssl-dev",
        ]),
    }
}

fn find_openssl() -> Result<String, String> {
    let named = |variable| std::env::var_os(variable).filter(|value| !value.is_empty());
    let include = named("OPENSSL_INCLUDE_DIR")
        .map(Into::into)
        .or_else(|| named("OPENSSL_DIR").map(|dir| Path::new(&dir).join("include")));
    if let Some(include) = include {
        let header = include.join("openssl/opensslv.h");
        return if header.is_file() {
            Ok(header.display().to_string())
        } else {
            Err(format!("there is no {}", header.display()))
        };
    }
    let program = doctor::program("PKG_CONFIG", "pkg-config");
    let asked = Command::new(&program)
        .args(["--modversion", "openssl"])
        .output()
        .map_err(|_| "pkg-config is not installed".to_owned())?;
    if asked.status.success() {
        let version = String::from_utf8_lossy(&asked.stdout);
        Ok(format!("{}, found by pkg-config", version.trim()))
    } else {
        Err("pkg-config does not know it: its headers are not installed".to_owned())
    }
}
