//! Accepted: the old file is kept under another name until the agent has read the new one.

// Given in given.rs, beside this file: `ConfigDir`.
pub use super::given::*;

pub fn publish(dir: &mut impl ConfigDir, name: &str, text: &str) -> Result<(), String> {
    let (new, backup) = (format!("{name}.new"), format!("{name}.backup"));
    let old = dir.read(name);
    if let Some(old) = &old {
        dir.write(&backup, old);
    }
    dir.write(&new, text);
    dir.rename(&new, name);
    let result = dir.reload();
    match (old, &result) {
        (Some(_), Ok(())) => dir.remove(&backup),
        (Some(_), Err(_)) => dir.rename(&backup, name),
        (None, Ok(())) => {}
        (None, Err(_)) => dir.remove(name),
    }
    result
}
