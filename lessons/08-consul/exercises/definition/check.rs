//! The check of `definition`. The directory is a real one, and the readable agent reads it. In the middle of each write
//! another program reloads the agent.

mod exercise;
mod given;

use std::path::Path;

use exercise::{ConfigDir, publish};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use testkit::{Case, case};
use tokio::runtime::Runtime;

const FILE: &str = "greeter.json";
const GOOD: &str = r#"{"service": {"name": "greeter", "port": 8800}}"#;
const MOVED: &str = r#"{"service": {"name": "greeter", "port": 8801}}"#;
const WRONG: &str = r#"{"service": {"name": "greeter", "prot": 8802}}"#;

/// The directory and its agent.
struct Place {
    folder: tempfile::TempDir,
    runtime: Runtime,
    agent: Option<Agent>,
    /// The error of a reload in the middle of a write, if it has read a part of a file.
    half: Option<String>,
}

impl Place {
    /// With these files, which the agent has read when it was started.
    fn new(files: &[(&str, &str)]) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut place = Place {
            agent: None,
            folder,
            runtime,
            half: None,
        };
        for (name, text) in files {
            place.write("new", text);
            place.rename("new", name);
        }
        place.restart().expect("an agent");
        place
    }

    fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("it runs")
    }

    /// The port at which the agent lists the greeter; `None` if it does not.
    fn port(&self) -> Option<u64> {
        let asking = ask::get(self.agent().address(), "/v1/agent/service/greeter");
        let answer = self.runtime.block_on(asking).expect("an answer");
        answer.json()["Port"].as_u64()
    }

    /// Ends the agent, and starts another one in its place.
    fn restart(&mut self) -> Result<(), String> {
        if let Some(agent) = self.agent.take() {
            self.runtime.block_on(agent.stop());
        }
        let agent = self.runtime.block_on(start(self.folder.path()));
        self.agent = Some(agent.map_err(|error| format!("{error:#}"))?);
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

async fn start(folder: &Path) -> anyhow::Result<Agent> {
    let config = Config {
        config_dir: Some(folder.into()),
        ..Config::default()
    };
    Agent::start(config).await
}

impl ConfigDir for Place {
    fn read(&mut self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn write(&mut self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let half = text.len() / 2;
        std::fs::write(&path, text.get(..half).unwrap_or("")).expect("a file");
        // Another program, at this very moment. A whole file with a mistake in it is not a part of a file.
        let reloaded = self.agent.as_ref().map_or(Ok(()), Agent::reload);
        if let Err(words) = reloaded {
            let words = format!("{words:#}");
            if !words.contains("prot") {
                self.half.get_or_insert(words);
            }
        }
        std::fs::write(&path, text).expect("a file");
    }

    fn rename(&mut self, from: &str, to: &str) {
        let path = |name| self.folder.path().join(name);
        let done = std::fs::rename(path(from), path(to));
        done.unwrap_or_else(|error| panic!("rename({from:?}, {to:?}): {error}"));
    }

    fn remove(&mut self, name: &str) {
        let done = std::fs::remove_file(self.folder.path().join(name));
        done.unwrap_or_else(|error| panic!("remove({name:?}): {error}"));
    }

    fn reload(&mut self) -> Result<(), String> {
        // In a runtime, because a definition may start checks.
        let _inside = self.runtime.enter();
        self.agent().reload().map_err(|error| format!("{error:#}"))
    }
}

fn view(port: Option<u64>) -> String {
    port.map_or("the agent does not list the greeter".to_string(), |port| {
        format!("the agent lists the greeter at port {port}")
    })
}

fn expect_port(case: &Case, place: &Place, wanted: Option<u64>, advice: &str) {
    let port = place.port();
    if port != wanted {
        case.differ(view(wanted), view(port), advice);
    }
}

// The belief of this exercise.
#[test]
fn a_a_file_is_read_by_a_reload() {
    case("A new file is published", |case| {
        let mut place = Place::new(&[]);
        let said = publish(&mut place, FILE, GOOD);
        let advice = match place.read(FILE).as_deref() == Some(GOOD) {
            true => {
                "The file exists, and the agent has not read it: it reads its directory when it is started, and when \
                 it reloads."
            }
            false => "There is no file of this name that holds the text.",
        };
        expect_port(case, &place, Some(8800), advice);
        if let Err(words) = said {
            let advice = "The agent has accepted it: no error.";
            case.differ("Ok", format!("an error: {words}"), advice);
        }
        if place.read(FILE).as_deref() != Some(GOOD) {
            let advice = "The text belongs into the file of this name.";
            case.differ(FILE, place.files().join(", "), advice);
        }
        place.remove(FILE);
        let reloaded = place.reload().err().unwrap_or_default();
        case.expect_eq(
            "",
            reloaded.as_str(),
            "Without it the agent reloads as before.",
        );
    });
    case("A file that was there is replaced by a new text", |case| {
        let mut place = Place::new(&[(FILE, GOOD)]);
        let _ = publish(&mut place, FILE, MOVED);
        let advice = "The agent still has the definition that it had read before: reload.";
        expect_port(case, &place, Some(8801), advice);
    });
}

// Other programs may reload as well.
#[test]
fn b_no_reload_reads_a_part() {
    for (situation, files) in [
        (
            "A new file is published, and another program reloads meanwhile",
            &[][..],
        ),
        (
            "A file is replaced, and another program reloads meanwhile",
            &[(FILE, MOVED)][..],
        ),
    ] {
        case(situation, |case| {
            let mut place = Place::new(files);
            let _ = publish(&mut place, FILE, GOOD);
            if let Some(words) = &place.half {
                let words = words.replace(&place.folder.path().display().to_string(), "");
                let advice = "The agent has read a part of a file. Each file whose name ends in `.json` is read, \
                              at any moment: write under another name, and rename when it is complete.";
                case.differ("a reload that finds complete files only", words, advice);
            }
        });
    }
}

// A refusal has a reason.
#[test]
fn c_a_refusal_is_an_error() {
    case("The new text has `prot` in place of `port`", |case| {
        let mut place = Place::new(&[]);
        let said = publish(&mut place, FILE, WRONG);
        let words = said.err().unwrap_or("Ok".to_string());
        if !words.contains("prot") {
            let advice = "The agent has refused the text, and has said why. The author of the text needs \
                          these words.";
            case.differ("an error with `prot` in its words", words, advice);
        }
    });
}

// The next start may be months later.
#[test]
fn d_the_next_start() {
    case(
        "A new text is refused. Later the machine is restarted",
        |case| {
            let mut place = Place::new(&[("other.json", r#"{"service": {"name": "other"}}"#)]);
            let _ = publish(&mut place, FILE, WRONG);
            if let Err(words) = place.restart() {
                let words = words.replace(&place.folder.path().display().to_string(), "");
                let advice = "A running agent refuses a file and goes on. An agent that is started with this file does not \
                          start, and all its other services are missing as well. A refused text must not \
                          stay in the directory.";
                case.differ("an agent that starts", words, advice);
            }
        },
    );
}

// The old definition is restored.
#[test]
fn e_the_old_text_is_restored() {
    case(
        "An accepted text is replaced by one that is refused",
        |case| {
            let mut place = Place::new(&[(FILE, GOOD)]);
            let _ = publish(&mut place, FILE, WRONG);
            let advice = "The agent still has the old definition, and its next start must find it: the refused text \
                      is replaced by the text that was there before.";
            match place.read(FILE) {
                None => case.differ(GOOD, "no file", advice),
                Some(kept) if kept != GOOD => {
                    let advice =
                        "The text that was there before comes back, and this is another one.";
                    case.differ(GOOD, kept, advice);
                }
                Some(_) => {}
            }
            if let Err(words) = place.restart() {
                case.differ("an agent that starts", words, advice);
            }
            expect_port(case, &place, Some(8800), advice);
            if let Some(words) = &place.half {
                let advice = "The old text was written under its own name, and a reload has read a part of it.";
                case.differ("a reload that finds complete files only", words, advice);
            }
        },
    );
}

// A draft is not left in the directory.
#[test]
fn f_nothing_is_left_behind() {
    for (situation, text) in [("A text is published", MOVED), ("A text is refused", WRONG)] {
        case(situation, |case| {
            let mut place = Place::new(&[(FILE, GOOD)]);
            let _ = publish(&mut place, FILE, text);
            let files = place.files().join(", ");
            case.expect_eq(
                FILE,
                files.as_str(),
                "Another file is left in the directory. Remove or rename what you needed in between.",
            );
        });
    }
}
