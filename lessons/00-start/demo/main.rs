//! The demo of lesson 00: what the compiler says of the stub of `hello`, and what its check says.

use std::env;
use std::process::{Command, ExitCode, ExitStatus};

#[path = "../exercises/hello/stub.rs"]
mod stub;

fn main() -> ExitCode {
    println!("1. The compiler");
    println!("   This program was compiled together with the stub of `hello`.");
    println!("   The compiler had nothing to say, and the stub returns a text:\n");
    println!("   greeting() = {:?}\n", stub::greeting());

    println!("2. The check");
    println!("   $ cargo workbook check hello --answer stub\n");
    match check() {
        Ok(status) if status.code() == Some(1) => {}
        Ok(status) => {
            eprintln!("l00-start: a stub must fail its check with exit status 1, not {status}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("l00-start: the runner cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    }

    println!("\n3. What comes next");
    println!("   Change the text in lessons/00-start/exercises/hello/exercise.rs and save it.");
    println!(
        "   The verdict appears in the terminal where `cargo run` is running, and on the card."
    );
    ExitCode::SUCCESS
}

/// Runs the check over the stub, as a learner would: in a copy, so no answer is touched.
fn check() -> std::io::Result<ExitStatus> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo)
        .args(["run", "--quiet", "--package", "workbook", "--"])
        .args(["check", "hello", "--answer", "stub"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
}
