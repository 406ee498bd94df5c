//! A service of the learner's own: which names it can have, and the files that it begins with. The
//! texts are in `new/`, one file each, with `{{name}}` and the like where a service has its own words.

mod names;
mod texts;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

pub use names::EXAMPLE;

/// What kind of service it is, in the words of go-micro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A microservice: gRPC, called by others.
    Srv,
    /// A web site that calls a microservice.
    Web,
    /// A microservice that stands behind the gateway and calls others.
    Api,
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "srv" => Ok(Kind::Srv),
            "web" => Ok(Kind::Web),
            "api" => Ok(Kind::Api),
            other => bail!("there is no type `{other}`: srv, web or api"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Srv => "srv",
            Kind::Web => "web",
            Kind::Api => "api",
        })
    }
}

/// What to make; every name in it can be used.
#[derive(Clone, Debug)]
pub struct Order {
    kind: Kind,
    name: String,
    namespace: String,
    calls: String,
}

impl Order {
    /// With `go.micro` for the namespace and `example` for the one that is called, if nobody says
    /// otherwise.
    ///
    /// # Errors
    /// Which name cannot be, and why.
    pub fn new(
        kind: Kind,
        name: &str,
        namespace: Option<&str>,
        calls: Option<&str>,
    ) -> Result<Self> {
        let namespace = namespace.unwrap_or("go.micro");
        let calls = calls.unwrap_or("example");
        names::possible(name).with_context(|| format!("`{name}` cannot be the name"))?;
        names::possible_namespace(namespace)
            .with_context(|| format!("`{namespace}` cannot be the namespace"))?;
        names::possible(calls).with_context(|| format!("`{calls}` cannot be called"))?;
        if kind != Kind::Srv && calls == name {
            bail!("`{name}` would call a service of its own name; --calls says whom it calls");
        }
        Ok(Order {
            kind,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            calls: calls.to_owned(),
        })
    }

    /// The name in the registry.
    fn service(&self) -> String {
        format!("{}.{}.{}", self.namespace, self.kind, self.name)
    }

    /// The name of the one that it calls in the registry.
    fn called(&self) -> String {
        format!("{}.srv.{}", self.namespace, self.calls)
    }

    /// A text with this order's words in it.
    fn filled(&self, text: &str) -> String {
        let words = [
            ("name", self.name.clone()),
            ("crate", names::snake(&self.name)),
            ("Name", names::pascal(&self.name)),
            // In the paths of the gateway.
            ("rpc", names::pascal(&self.name).to_lowercase()),
            ("service", self.service()),
            ("calls", self.calls.clone()),
            ("calls_crate", names::snake(&self.calls)),
            ("Calls", names::pascal(&self.calls)),
            ("called", self.called()),
        ];
        (words.iter()).fold(text.to_owned(), |text, (word, value)| {
            text.replace(&format!("{{{{{word}}}}}"), value)
        })
    }
}

/// Writes the crate; the paths of its files below `lessons/NAME/`, in the order in which to read them.
/// Either all of it is there in the end or nothing.
///
/// # Errors
/// If the folder exists, if a crate has the name already, or what the system says.
pub fn write(root: &Path, order: &Order) -> Result<Vec<PathBuf>> {
    if names::is_crate(root, &order.name) {
        bail!(
            "a crate is called `{}` already, and `cargo run -p {0}` could mean either; take another name",
            order.name
        );
    }
    let folder = root.join("lessons").join(&order.name);
    fs::create_dir(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!(
            "lessons/{} exists already, and stays as it is; take another name",
            order.name
        ),
        _ => anyhow!("cannot make {}: {error}", folder.display()),
    })?;
    let written = fill(&folder, order);
    if written.is_err() {
        // It was not there before, so what is in it is ours.
        let _ = fs::remove_dir_all(&folder);
    }
    written.with_context(|| format!("cannot write {}", folder.display()))
}

fn fill(folder: &Path, order: &Order) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (path, text) in texts::of(order.kind) {
        let path = PathBuf::from(order.filled(path));
        let whole = folder.join(&path);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(whole, order.filled(text))?;
        files.push(path);
    }
    formatted(folder, &files);
    Ok(files)
}

/// Where a line breaks depends on the length of the names in it. Without rustfmt the files are as good,
/// only less pretty.
fn formatted(folder: &Path, files: &[PathBuf]) {
    let rust = |file: &&PathBuf| file.extension().is_some_and(|ending| ending == "rs");
    let _ = Command::new("rustfmt")
        .args(["--quiet", "--edition", "2024"])
        .args(files.iter().filter(rust))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// What was made, and what to do with it.
pub fn told(order: &Order, files: &[PathBuf]) -> String {
    let mut told = format!("lessons/{}/ is {}:\n\n", order.name, order.service());
    for file in files {
        told.push_str(&format!("  {}\n", file.display()));
    }
    let name = &order.name;
    told.push_str(&format!(
        "\nTry:\n  cargo test -p {name}\n  cargo run -p {name}\n"
    ));
    if order.kind != Kind::Srv {
        let called = order.called();
        told.push_str(&format!(
            "It calls {called}; README.md says how to start both.\n"
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_left_open() {
        for kind in [Kind::Srv, Kind::Web, Kind::Api] {
            let order = Order::new(kind, "tea-shop", Some("com.example"), Some("tea")).unwrap();
            for (path, text) in texts::of(kind) {
                for text in [order.filled(path), order.filled(text)] {
                    assert!(!text.contains("{{"), "{kind} {path}: {text}");
                }
            }
        }
    }

    #[test]
    fn the_name_of_a_crate_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("lessons")).unwrap();
        // `tea` was here and was thrown away; cargo has not noticed yet.
        let lock = "[[package]]\nname = \"redis\"\nsource = \"a registry\"\n\n\
                    [[package]]\nname = \"tea\"\n";
        fs::write(dir.path().join("Cargo.lock"), lock).unwrap();
        fs::create_dir_all(dir.path().join("scripts/wire")).unwrap();
        let manifest = "[package]\nname = \"wire\"\n";
        fs::write(dir.path().join("scripts/wire/Cargo.toml"), manifest).unwrap();
        for name in ["redis", "wire"] {
            let order = Order::new(Kind::Srv, name, None, None).unwrap();
            let error = write(dir.path(), &order).unwrap_err().to_string();
            let words = format!("a crate is called `{name}` already");
            assert!(error.contains(&words), "{error}");
            assert!(!dir.path().join("lessons").join(name).exists());
        }
        let order = Order::new(Kind::Srv, "tea", None, None).unwrap();
        assert!(write(dir.path(), &order).is_ok());
    }

    #[test]
    fn all_or_nothing_and_what_exists_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let order = Order::new(Kind::Srv, "tea", None, None).unwrap();
        assert!(write(dir.path(), &order).is_err(), "there is no lessons/");
        let mine = dir.path().join("lessons/tea");
        fs::create_dir_all(&mine).unwrap();
        let error = write(dir.path(), &order).unwrap_err().to_string();
        assert!(error.contains("lessons/tea exists already"), "{error}");
        assert_eq!(fs::read_dir(&mine).unwrap().count(), 0);
        fs::remove_dir(&mine).unwrap();
        let files = write(dir.path(), &order).unwrap();
        assert!(files.iter().all(|file| mine.join(file).is_file()));
    }
}
