//! `own.toml`: how a service is built and started.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// How a service is built and started: the contents of `own.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The program that builds the service, and its arguments; empty where there is nothing to build.
    #[serde(default)]
    pub build: Vec<String>,
    /// The program that is the service, and its arguments.
    pub start: Vec<String>,
    /// The folder of `own.toml`, in which both run.
    #[serde(skip)]
    pub folder: PathBuf,
}

impl Order {
    /// Reads `own.toml` in `folder`.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("own.toml");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let mut order: Self =
            toml::from_str(&text).with_context(|| format!("{}", file.display()))?;
        if order.start.is_empty() {
            bail!("{}: `start` names no program", file.display());
        }
        folder.clone_into(&mut order.folder);
        Ok(order)
    }
}
