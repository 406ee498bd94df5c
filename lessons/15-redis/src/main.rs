//! The command line of lesson 15.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let done = match words.next() {
        Some(role) if role == "server" => l15_redis::serve::run(words),
        _ => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l15-redis: {error:#}");
            ExitCode::FAILURE
        }
    }
}
