//! Opens an address in the learner's browser, if there is one.

use std::process::{Command, Stdio};

/// A program and its arguments, the address already among them.
type Call = Vec<String>;

/// Opens `address`; `failed` is called, from another thread, if that turns out not to work.
///
/// Whether there was a program to start at all. In CI and without a display there is none: a
/// browser in the terminal would take it away from the exercises.
pub fn open(address: &str, failed: impl FnOnce() + Send + 'static) -> bool {
    for call in calls(address, &|name| {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }) {
        let Some((program, arguments)) = call.split_first() else {
            continue;
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Ctrl-C ends the workbook and must not end the browser.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        if let Ok(mut child) = command.spawn() {
            // Nobody waits here: some of these programs stay as long as the browser.
            std::thread::spawn(move || {
                if !child.wait().is_ok_and(|status| status.success()) {
                    failed();
                }
            });
            return true;
        }
    }
    false
}

/// What may open `address` on this system, best first.
fn calls(address: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Call> {
    if variable("CI").is_some() {
        return Vec::new();
    }
    let mut calls = Vec::new();
    // A list as in sensible-browser(1): `firefox:w3m`, with `%s` for the address.
    for entry in variable("BROWSER").iter().flat_map(|list| list.split(':')) {
        let mut call: Call = entry
            .split_whitespace()
            .map(|word| word.replace("%s", address))
            .collect();
        if call.is_empty() {
            continue;
        }
        if !entry.contains("%s") {
            call.push(address.to_owned());
        }
        calls.push(call);
    }
    let with = |words: &[&str]| -> Call {
        words
            .iter()
            .chain(&[address])
            .map(|word| (*word).to_owned())
            .collect()
    };
    if cfg!(target_os = "macos") {
        calls.push(with(&["open"]));
    } else if cfg!(windows) {
        // The empty word is the title of the window; without it `start` takes the address for one.
        calls.push(with(&["cmd", "/c", "start", ""]));
    } else {
        if variable("WSL_DISTRO_NAME").is_some() {
            calls.push(with(&["wslview"]));
        }
        if variable("DISPLAY")
            .or(variable("WAYLAND_DISPLAY"))
            .is_some()
        {
            calls.push(with(&["xdg-open"]));
            calls.push(with(&["gio", "open"]));
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Vec<String> {
        let known = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        calls("http://x/", &known)
            .iter()
            .map(|call| call.join(" "))
            .collect()
    }

    #[test]
    fn the_learners_own_choice_comes_first() {
        assert_eq!(
            with(&[("BROWSER", "firefox -P a %s:w3m")])[..2],
            ["firefox -P a http://x/", "w3m http://x/"]
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nothing_is_started_in_ci_or_without_a_display() {
        assert!(with(&[]).is_empty());
        assert!(with(&[("DISPLAY", ":0"), ("CI", "true"), ("BROWSER", "x")]).is_empty());
        assert_eq!(with(&[("DISPLAY", ":0")])[0], "xdg-open http://x/");
    }
}
