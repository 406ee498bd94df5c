//! Opens the page in the learner's browser, if there is one.

use std::process::{Command, Stdio};

/// Opens `address`. Whether there was a program to start at all: in CI and without a display there is none,
/// and a browser in the terminal would be in the way of what is told there.
#[must_use]
pub fn open(address: &str) -> bool {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    calls(address, &variable)
        .iter()
        .any(|call| start(call).is_some())
}

/// Starts a program without waiting for its end: some of them stay as long as the browser.
fn start(call: &[String]) -> Option<()> {
    let (program, arguments) = call.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C ends the site and must not end the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().ok()?;
    // A parent must wait for its child, or the child stays in the system's list of processes.
    std::thread::spawn(move || child.wait());
    Some(())
}

/// What may open `address` on this system, best first.
fn calls(address: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Vec<String>> {
    if variable("CI").is_some() {
        return Vec::new();
    }
    let mut calls: Vec<Vec<String>> = Vec::new();
    // A list as in sensible-browser(1): programs with colons between them, `%s` for the address.
    let list = variable("BROWSER").unwrap_or_default();
    for entry in list.split(':') {
        let words = entry.split_whitespace();
        let mut call: Vec<String> = words.map(|word| word.replace("%s", address)).collect();
        if call.is_empty() {
            continue;
        }
        if !entry.contains("%s") {
            call.push(address.to_string());
        }
        calls.push(call);
    }
    let mut add = |words: &[&str]| {
        let words = words.iter().chain([&address]);
        calls.push(words.map(ToString::to_string).collect());
    };
    if cfg!(target_os = "macos") {
        add(&["open"]);
    } else if cfg!(windows) {
        // The empty word is the title of the window; without it the address would be taken for one.
        add(&["cmd", "/c", "start", ""]);
    } else {
        if variable("WSL_DISTRO_NAME").is_some() {
            add(&["wslview"]);
        }
        let display = variable("DISPLAY").or_else(|| variable("WAYLAND_DISPLAY"));
        if display.is_some() {
            add(&["xdg-open"]);
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Vec<String> {
        let known = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_string())
        };
        let calls = calls("http://x/", &known);
        calls.iter().map(|call| call.join(" ")).collect()
    }

    #[test]
    fn the_own_choice_comes_first() {
        let calls = with(&[("BROWSER", "firefox -P a %s:w3m")]);
        assert_eq!(calls[..2], ["firefox -P a http://x/", "w3m http://x/"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nothing_is_opened_in_ci_or_without_a_display() {
        assert!(with(&[]).is_empty());
        assert!(with(&[("CI", "true"), ("DISPLAY", ":0"), ("BROWSER", "x")]).is_empty());
        assert_eq!(with(&[("DISPLAY", ":0")]), ["xdg-open http://x/"]);
    }
}
