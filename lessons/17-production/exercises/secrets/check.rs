//! The check of `secrets`: real files, and a real process whose command line and environment are read in `/proc`.

mod exercise;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use exercise::{Secret, instance, read};
use services::testkit::{Case, case};
use tempfile::TempDir;

/// Passwords as people and generators make them.
const PASSWORDS: [&str; 4] = [
    "s3cr3t-Wkq9",
    "two words, and \"quotes\" ",
    "密码-7f3a",
    "x",
];

/// A folder with one file of this content and mode.
fn file(content: &[u8], mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("redis-password");
    fs::write(&path, content).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its rights");
    (folder, path)
}

/// Reads a password that is right.
#[track_caller]
fn secret(case: &Case, content: &str, mode: u32) -> Secret {
    let (_folder, path) = file(content.as_bytes(), mode);
    match read(&path) {
        Ok(secret) => secret,
        Err(error) => case.differ(
            "`read` returns Ok",
            format!("`read` returned an error: {error}"),
            "The file belongs to its owner alone, and its first line is not empty.",
        ),
    }
}

/// The words of an error, which must name the file and have nothing of the content.
#[track_caller]
fn refused(case: &Case, content: &[u8], mode: u32, password: &str, why: &str) {
    let (_folder, path) = file(content, mode);
    let error = match read(&path) {
        Err(error) => error,
        Ok(secret) => case.differ(
            "`read` returns an error",
            format!("`read` returned Ok with the password {:?}", secret.expose()),
            why,
        ),
    };
    named(case, &error, &path, password);
}

#[track_caller]
fn named(case: &Case, error: &str, path: &Path, password: &str) {
    if !password.is_empty() && error.contains(password) {
        case.differ(
            "an error without the content of the file",
            format!("the error says {error:?}"),
            "The content of the file stands in the error, and an error is printed, logged and sent on.",
        );
    }
    if !error.contains(&path.display().to_string()) {
        case.differ(
            format!("an error that names {}", path.display()),
            format!("the error says {error:?}"),
            "An operator must know which file is meant.",
        );
    }
}

// The belief of this exercise.
#[test]
fn a_what_the_system_shows() {
    for password in &PASSWORDS[..3] {
        case(
            "An instance is started; the password is in a file",
            |case| {
                let (folder, path) = file(format!("{password}\n").as_bytes(), 0o600);
                let program = folder.path().join("instance");
                // It reads its input, so that it stays; the path of the file is the end of its last word.
                let script = "#!/bin/sh\nfor word; do :; done\ncat \"${word#--password-file=}\"\nread line\n";
                fs::write(&program, script).expect("a script");
                fs::set_permissions(&program, fs::Permissions::from_mode(0o700))
                    .expect("its rights");
                look(case, instance(&program, &path), &path, password);
            },
        );
    }
}

#[track_caller]
fn look(case: &Case, mut command: Command, path: &Path, password: &str) {
    let words: Vec<String> = (command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = loop {
        match command.spawn() {
            Ok(child) => break child,
            // Another thread has just started a process, which still has our script open for writing.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            Err(error) => case.differ(
                "a program that starts",
                error.to_string(),
                "`program` is an executable file.",
            ),
        }
    };
    let shown = |what: &str| {
        let bytes = fs::read(format!("/proc/{}/{what}", child.id())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let (line, environment) = (shown("cmdline"), shown("environ"));
    if let Some(mut input) = child.stdin.take() {
        // It may have ended already.
        let _ = input.write_all(b"\n");
    }
    let said = child.wait_with_output().expect("its end");
    let line = format!("{line} {}", words.join(" "));
    if line.contains(password) {
        case.differ(
            "a command line without the password",
            format!("the command line is {:?}", words.join(" ")),
            "Every user of this machine reads command lines with `ps`, as long as the process runs.",
        );
    }
    let given = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let given = given.map(|(name, value)| format!("{}={}", name.display(), value.display()));
    let given: Vec<String> = given.collect();
    if environment.contains(password) || given.join(" ").contains(password) {
        case.differ(
            "an environment without the password",
            format!("the environment of the instance has {:?}", given.join(" ")),
            "Each process that the instance starts inherits its environment, and so does a report about a crash. The instance \
             reads the file itself.",
        );
    }
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    if said.trim_end_matches('\n') != password {
        case.differ(
            format!(
                "an instance that is started with `--password-file {}`",
                path.display()
            ),
            format!("an instance that is started with `{}`", words.join(" ")),
            "The instance has to find its password: the option names the file.",
        );
    }
}

#[test]
fn b_debug() {
    case("The settings are logged with `{:?}`", |case| {
        let texts = PASSWORDS.map(|password| format!("{:?}", secret(case, password, 0o600)));
        for (text, password) in texts.iter().zip(PASSWORDS) {
            if password.len() > 1 && text.contains(password.split(' ').next().unwrap_or(password)) {
                case.differ(
                    "a text without the password",
                    format!("`{{:?}}` prints {text}"),
                    "The settings have this field, and `{:?}` of the settings prints it. A log keeps it for years.",
                );
            }
            case.expect_eq(
                &texts[0],
                text,
                "Two passwords are printed in two ways, so the text says something about them: the length of a password, or a \
                 hash of it, helps to guess.",
            );
        }
        if !texts[0].contains("Secret") {
            case.differ(
                "a text with the word `Secret` in it",
                format!("`{{:?}}` prints {:?}", texts[0]),
                "The settings are logged, and their reader should see that a secret is there.",
            );
        }
    });
}

#[test]
fn c_the_first_line() {
    for (content, password) in [
        ("s3cr3t\n", "s3cr3t"),
        ("s3cr3t\r\n", "s3cr3t"),
        ("s3cr3t", "s3cr3t"),
        (" two  words \n", " two  words "),
        ("s3cr3t\nrotated on Monday\n", "s3cr3t"),
        ("密码\n\n", "密码"),
    ] {
        for mode in [0o600, 0o400] {
            case(
                &format!("The file has the content {content:?}, mode {mode:o}"),
                |case| {
                    let secret = secret(case, content, mode);
                    let read = secret.expose();
                    let advice = if read != password && read == password.trim() {
                        "Spaces at the beginning and at the end belong to the password, and they are gone."
                    } else {
                        "The password is the first line without its line break, and nothing else is cut off."
                    };
                    case.expect_eq(password, secret.expose(), advice);
                },
            );
        }
    }
}

#[test]
fn d_no_password() {
    for content in ["", "\n", "\r\n", "\ns3cr3t-Wkq9\n"] {
        case(&format!("The file has the content {content:?}"), |case| {
            let why = "The first line is empty. Redis without a password would accept it, and with one the instance fails later.";
            refused(case, content.as_bytes(), 0o600, "s3cr3t-Wkq9", why);
        });
    }
}

#[test]
fn e_other_users() {
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601, 0o660] {
        case(&format!("The file has mode {mode:o}"), |case| {
            let accepts = |mode: u32| read(&file(b"s3cr3t-Wkq9\n", mode).1).is_ok();
            let why = if accepts(0o777) {
                "Another user may read this file. The password may be known already."
            } else if mode & 0o044 == 0 && [0o620, 0o610, 0o602, 0o601].into_iter().all(accepts) {
                "Other users may not read this file, and have another right on it. With the right to write they can replace the \
                 password."
            } else {
                "`mode & 0o077` is not 0: the group or other users have a right on this file."
            };
            refused(case, b"s3cr3t-Wkq9\n", mode, "s3cr3t-Wkq9", why);
        });
    }
}

#[test]
fn f_no_such_file() {
    case("The file does not exist", |case| {
        let (folder, _) = file(b"", 0o600);
        let path = folder.path().join("nothing-here");
        let error = match read(&path) {
            Err(error) => error,
            Ok(_) => case.differ(
                "`read` returns an error",
                "`read` returned Ok",
                "There is no such file.",
            ),
        };
        named(case, &error, &path, "");
    });
    case("The file is no UTF-8", |case| {
        let why = "A password is text.";
        refused(case, b"s3cr3t-Wkq9\xff\n", 0o600, "s3cr3t-Wkq9", why);
    });
}
