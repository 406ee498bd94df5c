//! What a person types to start a program.

use std::path::Path;

/// The program as a person types it from here.
pub fn program(program: &Path) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(name) = program.file_name()
        && std::env::split_paths(&path).any(|dir| dir.join(name) == program)
    {
        return name.to_string_lossy().into_owned();
    }
    let full = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here.as_deref().map(|here| full.strip_prefix(here)) {
        Ok(Ok(short)) => short.display().to_string(),
        _ => full.display().to_string(),
    }
}
