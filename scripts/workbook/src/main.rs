//! The `workbook` command: see `cargo workbook --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments
        .next_if(|first| first == workbook::judge::supervise::ARGUMENT)
        .is_some()
    {
        workbook::judge::supervise::main(arguments);
    }
    workbook::commands::main(arguments.collect())
}
