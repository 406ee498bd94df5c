//! Traces and metrics: the whole site, independent implementations on both ends of OTLP, and what is lost in between.

mod receiver;
mod spans;
mod whole;
#[path = "../../../demo/seeing/world.rs"]
mod world;

use std::path::Path;

use l17_production::seeing::trace::Trace;

const PROGRAM: &str = env!("CARGO_BIN_EXE_l17-production");

/// A program in `interop/python`, for the Python that has the packages.
pub(crate) fn python(file: &str) -> (std::ffi::OsString, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop/python")
        .join(file);
    (
        testkit::python_with_packages(),
        file.to_str().unwrap().to_owned(),
    )
}

/// `service: name < service: name of the parent` of each row, in the order of the tree.
fn lines(trace: &Trace) -> Vec<String> {
    let name = |row: usize| {
        let span = &trace.rows[row].span;
        format!("{}: {}", span.service, span.name)
    };
    let line = |row: usize| match trace.rows[row].parent {
        Some(parent) => format!("{} < {}", name(row), name(parent)),
        None => name(row),
    };
    (0..trace.rows.len()).map(line).collect()
}
