//! The files of the agent in the order in which they are best read, with their sizes: what the chapter
//! shows. Counted in the files themselves, so that nobody has to keep numbers true.

use std::path::Path;

/// The evening, in five parts.
const EVENING: [(&str, &[&str]); 5] = [
    (
        "what it knows, and who waits for it",
        &["store.rs", "kv.rs", "catalog.rs", "catalog/lookup.rs"],
    ),
    (
        "who is alive",
        &[
            "check.rs",
            "check/runner.rs",
            "check/tcp.rs",
            "check/http.rs",
            "check/script.rs",
            "check/grpc.rs",
            "results.rs",
            "clock.rs",
        ],
    ),
    (
        "what this agent vouches for",
        &[
            "service.rs",
            "local.rs",
            "reap.rs",
            "maintenance.rs",
            "files.rs",
            "journal.rs",
        ],
    ),
    (
        "what one may say to it",
        &[
            "definition.rs",
            "definition/check.rs",
            "definition/entry.rs",
            "decode.rs",
            "decode/broken.rs",
            "duration.rs",
            "refused.rs",
        ],
    ),
    (
        "how one asks",
        &[
            "api.rs",
            "api/call.rs",
            "api/agent.rs",
            "api/agent_health.rs",
            "api/catalog.rs",
            "api/health.rs",
            "api/kv.rs",
            "filter.rs",
            "base64.rs",
            "serve.rs",
            "agent.rs",
        ],
    ),
];
/// The command line, the demo and the client's side: not the agent.
const NOT_THE_AGENT: [&str; 10] = [
    "ask.rs",
    "demo",
    "demo.rs",
    "dns.rs",
    "greeters.rs",
    "lib.rs",
    "main.rs",
    "measure.rs",
    "options.rs",
    "peer.rs",
];
const THIS: &str = "reading.rs";

/// The table, and the sum of it.
pub fn table() -> String {
    let mut files = found();
    let mut table = String::from("lines of code, without comments, blank lines and unit tests\n");
    let mut all = 0;
    for (part, names) in EVENING {
        let mut sum = 0;
        let mut rows = String::new();
        for name in names {
            // What is gone is left out; what is new comes last.
            let Some(at) = files.iter().position(|(file, _)| file == name) else {
                continue;
            };
            let (_, lines) = files.remove(at);
            sum += lines;
            rows += &format!("{lines:>9}  {name}\n");
        }
        table += &format!("\n{sum:>5}  {part}\n{rows}");
        all += sum;
    }
    if !files.is_empty() {
        let sum: usize = files.iter().map(|(_, lines)| lines).sum();
        table += &format!("\n{sum:>5}  and\n");
        for (name, lines) in files {
            table += &format!("{lines:>9}  {name}\n");
        }
        all += sum;
    }
    table + &format!("\n{all:>5}  together\n")
}

/// The lines of all of it.
pub fn total() -> usize {
    found().iter().map(|(_, lines)| lines).sum()
}

/// The files of the agent with their lines. Where the sources are not, there are none.
fn found() -> Vec<(String, usize)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, "", &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, usize)>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().display());
        if NOT_THE_AGENT.contains(&name.as_str()) || name == THIS {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push((name, lines_of_code(&text)));
        }
    }
}

/// Counts what a reader has to understand.
fn lines_of_code(source: &str) -> usize {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
