//! The part of the build script that puts the learner's own passed answers in the place of this lesson's
//! functions, with the feature `mine`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[allow(dead_code, reason = "the other lessons use the rest")]
#[path = "../../../scripts/testkit/build/mine.rs"]
mod shared;

use shared::{folder, module, names};

/// An exercise, the function that it writes, and the function of this lesson that has the same signature.
const PARTS: [(&str, &str, &str); 7] = [
    ("set-with-expiry", "keep", "crate::store::commands::keep"),
    ("once-only", "take", "crate::store::commands::take"),
    ("issue", "issue", "crate::rules::issue::issue"),
    ("verify-once", "verify", "crate::rules::verify::verify"),
    ("rate-limit", "allowed", "crate::rules::limit::allowed"),
    ("leak", "outgoing", "crate::rules::outgoing::outgoing"),
    ("fail-closed", "decide", "crate::rules::decide::decide"),
];

/// Writes `$OUT_DIR/mine.rs` if the feature `mine` is on. The answers are those below `.workbook/` two folders
/// above the package.
pub fn write() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=CARGO_FEATURE_MINE");
    if env::var_os("CARGO_FEATURE_MINE").is_none() {
        return Ok(());
    }
    let passed = folder("CARGO_MANIFEST_DIR")?.join("../../.workbook/passed");
    // The whole folder: an answer may come, change or go. While there is none, cargo asks each time.
    println!("cargo::rerun-if-changed={}", passed.display());
    fs::write(folder("OUT_DIR")?.join("mine.rs"), mine(&passed))
}

/// The module `mine`: each function from the learner's answer where there is one, and whose each of them is.
fn mine(passed: &Path) -> String {
    let (mut text, mut whose) = (String::new(), String::new());
    for (id, function, ours) in PARTS {
        let own = usable(passed, id);
        match &own {
            Some(file) => {
                text += &answer(
                    file,
                    function,
                    &format!("pub use {function}_answer::{function};"),
                )
            }
            None => text += &format!("pub use {ours};\n"),
        }
        whose += &format!("({id:?}, {}), ", own.is_some());
    }
    // The embedded Redis reads requests itself unless the learner has written a reader.
    let own = usable(passed, "request-array");
    let reader = match &own {
        Some(file) => {
            let given = passed.join("../../lessons/15-redis/exercises/request-array/given.rs");
            text += &answer(file, "request_array", "");
            text += &module("given", &given);
            "Some(request_array_answer::request)"
        }
        None => "None",
    };
    text += &format!(
        "/// The learner's reader of requests for the embedded Redis, if there is one.\n\
         #[must_use]\n\
         pub fn decode() -> Option<l15_redis::server::Decode> {{\n    {reader}\n}}\n\
         /// The exercises that the site runs on, and whether the answer is the learner's own.\n\
         pub const WHOSE: [(&str, bool); 8] = [(\"request-array\", {}), {whose}];\n",
        own.is_some()
    );
    text
}

/// The passed answer of an exercise. One of the first edition declares the types of this lesson itself; it does
/// not fit, and that is said.
fn usable(passed: &Path, id: &str) -> Option<PathBuf> {
    let lesson = folder("CARGO_MANIFEST_DIR").ok()?;
    let (file, text) = names(&lesson, id).find_map(|name| {
        let file = passed.join(format!("{name}.rs"));
        let text = fs::read_to_string(&file).ok()?;
        Some((file, text))
    })?;
    let of_this_lesson = !["request-array", "set-with-expiry", "once-only"].contains(&id);
    if of_this_lesson && !text.contains("l16_captcha::rules") {
        println!(
            "cargo::warning=your answer of `{id}` passed in the first edition, which had other types: copy its \
             function into lessons/16-captcha/exercises/{id}/exercise.rs and check it again; until then the site \
             runs on our own"
        );
        return None;
    }
    Some(file)
}

/// The module of an answer, compiled where it is kept: its errors are then reported there.
fn answer(file: &Path, name: &str, reexport: &str) -> String {
    module(&format!("{name}_answer"), file) + reexport + "\n"
}
