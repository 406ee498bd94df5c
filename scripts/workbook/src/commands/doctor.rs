//! `doctor`: what is installed, what is missing, and the exact command that mends it.

use std::process::ExitCode;

use anyhow::Result;

use super::{Command, course, exit, switches};
use crate::doctor::{Finding, Need, look};
use crate::style::Style;
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "doctor",
    about: "what this machine has and lacks, and the command that mends it",
    help: "\
Usage: cargo workbook doctor [--plain]

  --plain  no colour, no marks: for a screen reader

Exit code: 0 if everything a learner needs is there, else 1.

Example: cargo workbook doctor
",
    run,
};

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let [plain] = switches(arguments, ["plain"])?;
    let course = course()?;
    let style = Style::of_stdout(plain);
    let findings = look(&course.root);
    for (need, heading) in [
        (Need::Always, words::DOCTOR_NEEDED),
        (Need::Comfort, words::DOCTOR_COMFORT),
        (Need::Later, words::DOCTOR_LATER),
        (Need::Tests, words::DOCTOR_TESTS),
    ] {
        println!("{}", style.bold(heading));
        for finding in findings.iter().filter(|finding| finding.need == need) {
            print!("{}", line(finding, style));
        }
    }
    let ill = findings
        .iter()
        .any(|finding| finding.need == Need::Always && finding.found.is_err());
    Ok(exit(!ill))
}

fn line(finding: &Finding, style: Style) -> String {
    let (mark, what) = match (&finding.found, style.plain) {
        (Ok(what), false) => (style.good("✓"), what),
        (Ok(what), true) => (words::DOCTOR_OK.to_owned(), what),
        (Err(what), false) => (style.bad("✗"), what),
        (Err(what), true) => (words::DOCTOR_MISSING.to_owned(), what),
    };
    let mut out = format!("  {mark} {:<14} {what}\n", finding.name);
    if finding.found.is_err() {
        let arrow = if style.plain { words::ADVICE } else { "→" };
        out.push_str(&format!("    {arrow} {}\n", finding.mend));
        if !finding.name.starts_with("port ") {
            let more = words::set_up_section(finding.section(), &finding.anchor());
            out.push_str(&format!("      {}\n", style.dim(&more)));
        }
    }
    out
}
