//! The `class` command; `cargo workbook class` starts it.

fn main() -> std::process::ExitCode {
    class::commands::main()
}
