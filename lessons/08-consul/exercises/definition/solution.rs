//! The agent reads its directory when it starts and when it reloads, so the file on the disk and the running agent have to
//! agree. The text is written under a name that the agent does not read, and renamed in one step: no reload can
//! read a part of it. If the agent refuses the text, the file is restored in the same way. The running agent would go
//! on with the old definition, but its next start would fail because of this file.

// Given in given.rs, beside this file: `ConfigDir`.
pub use super::given::*;

/// Publishes `text` as the definition file `name`, which ends in `.json`.
pub fn publish(dir: &mut impl ConfigDir, name: &str, text: &str) -> Result<(), String> {
    let before = dir.read(name);
    replace(dir, name, text);
    dir.reload().inspect_err(|_| match &before {
        Some(before) => replace(dir, name, before),
        None => dir.remove(name),
    })
}

/// Replaces a file in one step.
fn replace(dir: &mut impl ConfigDir, name: &str, text: &str) {
    // Not `.json`: the agent does not read it.
    let draft = format!("{name}.draft");
    dir.write(&draft, text);
    dir.rename(&draft, name);
}
