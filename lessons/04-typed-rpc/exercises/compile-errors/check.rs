//! The check of `compile-errors`: it compiles the three programs with `rustc` and the lesson's library, and looks
//! at the errors that the compiler reports. No program is run.

mod exercise;

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::SystemTime;

use testkit::{Case, Report, case};

/// The library of this lesson that cargo has built last, for the check itself.
fn library(deps: &Path) -> PathBuf {
    let built = |path: &Path| -> Option<SystemTime> {
        let file = path.file_name()?.to_str()?;
        let library = file.starts_with("libl04_typed_rpc-") && file.ends_with(".rlib");
        library.then(|| path.metadata().ok()?.modified().ok())?
    };
    let files = fs::read_dir(deps).expect("cargo's folder");
    let files = files.map(|file| file.expect("a file in it").path());
    let library = files
        .filter(|path| built(path).is_some())
        .max_by_key(|path| built(path));
    library.expect("the library that this check is linked with")
}

/// What the compiler prints about a program; `None` if it compiles.
fn compile(program: &str) -> Option<String> {
    let deps = env::current_exe().expect("this program's own file");
    let deps = deps.parent().expect("its folder");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("errors-{}", process::id()));
    fs::create_dir_all(&out).expect("a folder for the compiler");
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--crate-name", "program"])
        .args(["--emit", "metadata", "--allow", "warnings", "--out-dir"])
        .arg(&out)
        .args(["--diagnostic-width", "100", "--color", "never", "--extern"])
        .arg(format!("l04_typed_rpc={}", library(deps).display()))
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the compiler starts");
    let mut stdin = rustc.stdin.take().expect("a pipe to the compiler");
    stdin
        .write_all(program.as_bytes())
        .expect("the compiler reads");
    drop(stdin);
    let output = rustc.wait_with_output().expect("the compiler ends");
    let _ = fs::remove_dir_all(out);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(words)
}

/// The first lines of the errors: `error[E0046]: ...`.
fn errors(words: &str) -> Vec<&str> {
    let lines = words.lines().filter(|line| line.starts_with("error"));
    lines
        .filter(|line| !line.starts_with("error: aborting"))
        .collect()
}

/// The report with the compiler's own words, or with its errors if they are many.
fn with_words(case: &Case, expected: &str, words: &str) -> Report {
    let shown: Vec<&str> = words.lines().take(14).collect();
    let errors = errors(words);
    let shown = if errors.len() == 1 { shown } else { errors };
    case.report()
        .detail("expected", expected)
        .detail("the compiler", shown.join("\n").trim_end())
}

/// Fails unless the compiler reports this error and no other one.
#[track_caller]
fn expect_error(case: &Case, program: &str, code: &str, meaning: &str, hint: &str) {
    let expected = format!("one error, {code}: {meaning}");
    let Some(words) = compile(program) else {
        let report = case.report().detail("expected", &expected);
        let report = report.detail("the compiler", "no error");
        case.fail(report.advice(format!("This program still compiles. {hint}")));
    };
    let errors = errors(&words);
    let wanted = format!("error[{code}]");
    let found = errors.iter().any(|error| error.starts_with(&wanted));
    let report = with_words(case, &expected, &words);
    if !found && !words.contains("error[") {
        let advice = "This is not a program any more: the compiler stops before it looks at any type. \
                      So it has not compared anything with the contract.";
        case.fail(report.advice(advice));
    }
    if !found {
        let advice = format!("The compiler reports another error than {code}. {hint}");
        case.fail(report.advice(advice));
    }
    if errors.len() > 1 {
        let advice = format!(
            "{code} is among {} errors. Make one change, so that it is the only one.",
            errors.len()
        );
        case.fail(report.advice(advice));
    }
}

#[test]
fn a_method_is_missing() {
    case("SERVER: a server that implements `Hello`", |case| {
        let hint = "Take one method out of the `impl`, with its whole body.";
        let meaning = "not all trait items implemented";
        expect_error(case, exercise::SERVER, "E0046", meaning, hint);
    });
}

#[test]
fn an_argument_has_the_wrong_type() {
    case("CALLER: a caller of `get_info`", |case| {
        let hint = "`get_info` takes a `u32`: pass a value of another type, such as a text.";
        let meaning = "mismatched types";
        expect_error(case, exercise::CALLER, "E0308", meaning, hint);
    });
}

// The belief of this exercise: that the compiler compares names on the wire as well.
#[test]
fn text_is_not_compared() {
    case("BY_HAND: a call whose method is named by a text", |case| {
        if let Some(words) = compile(exercise::BY_HAND) {
            let report = with_words(case, "a program that compiles", &words);
            let advice = "This program does not compile, so it never runs and calls nothing. Change the \
                          text between the quotation marks only: any text is a correct `&str`.";
            case.fail(report.advice(advice));
        }
        if !exercise::BY_HAND.contains("call_within(") {
            let advice = "The call by hand is gone. Keep `call_within`, and change its text.";
            case.differ("a call by hand", "a program without one", advice);
        }
        if exercise::BY_HAND.contains("\"hello.HelloWorld\"") {
            let advice = "The name that is sent is still `hello.HelloWorld`, which a server has. Misspell \
                          it: the compiler does not compare texts with the contract.";
            case.differ("a misspelt name", "\"hello.HelloWorld\"", advice);
        }
    });
}
