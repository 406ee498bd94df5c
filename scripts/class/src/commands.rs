//! The command line: what each word of `class` does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use serde_json::Value as Json;

use crate::certificate::{self, sign};
use crate::client::{Client, Sent};
use crate::course::{self, Course};
use crate::member::{Files, Member};
use crate::protocol::{ANSWER, What};
use crate::{export, hand_in, join, open, other, report, review, simulate, store};

/// What `class --help` prints, and `cargo workbook class --help`.
pub const HELP: &str = include_str!("../help.txt");

/// Runs the command line.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::from(2)
        }
    }
}

/// The words and options of the command line, before they mean anything.
struct Words {
    words: Vec<String>,
    flags: Vec<String>,
    values: HashMap<String, String>,
}

/// Options without a value; all others have one.
const FLAGS: [&str; 8] = [
    "json",
    "from-start",
    "once",
    "forget",
    "done",
    "yes",
    "no-mdns",
    "leave-out",
];
const VALUES: [&str; 10] = [
    "name", "addr", "port", "roster", "file", "out", "members", "seconds", "to", "key",
];

impl Words {
    fn read() -> Result<Option<Self>> {
        let mut read = Self {
            words: Vec::new(),
            flags: Vec::new(),
            values: HashMap::new(),
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long(name) if FLAGS.contains(&name) => read.flags.push(name.to_owned()),
                Long(name) if VALUES.contains(&name) => {
                    let name = name.to_owned();
                    read.values.insert(name, arguments.value()?.string()?);
                }
                Value(word) => read.words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(read))
    }

    fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>> {
        let number = self.values.get(name).map(|text| text.parse::<T>());
        number
            .transpose()
            .map_err(|_| anyhow::anyhow!("--{name} takes a number"))
    }
}

fn run() -> Result<()> {
    let Some(words) = Words::read()? else {
        print!("{HELP}");
        return Ok(());
    };
    let [first, rest @ ..] = &words.words[..] else {
        print!("{HELP}");
        return Ok(());
    };
    let one = || rest.first().cloned();
    let needed =
        |what: &str| one().with_context(|| format!("{what} is missing; `class --help` explains"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match first.as_str() {
        "open" => runtime.block_on(open::run(open_options(&words)?)),
        "join" => {
            let options = join::Options {
                code: one().map(|code| code.parse()).transpose()?,
                address: words.value("addr"),
                name: words.value("name"),
                from_start: words.flag("from-start"),
                once: words.flag("once"),
            };
            runtime.block_on(join::run(&course::root()?, options))
        }
        "help" if words.flag("done") => {
            runtime.block_on(tell(What::NoHelp {}, "The question is taken back."))
        }
        "help" => runtime.block_on(tell(
            What::Help { exercise: one() },
            "The teacher sees your question.",
        )),
        "vote" => runtime.block_on(vote(&needed("the letter of an option")?)),
        "show" => runtime.block_on(tell(
            answer(&needed("the id of an exercise")?)?,
            "The teacher has your answer.",
        )),
        "log" => log(),
        "leave" => runtime.block_on(leave(words.flag("forget"))),
        "report" => report::run(
            &file(&words)?,
            Course::read(&course::root()?)?,
            words.flag("json"),
        ),
        "name" => {
            let said = rest
                .get(1)
                .context("`class name GROUP \"what they believe\"`")?;
            let course = Course::read(&course::root()?)?;
            other::name(&file(&words)?, &course, &needed("a group")?, said)
        }
        "hand-in" => hand_in::run(
            &course::root()?,
            rest,
            words.value("name"),
            words.value("to").map(PathBuf::from),
        ),
        "take" => {
            needed("a file")?;
            hand_in::take(&course::root()?, &file(&words)?, rest)
        }
        "certificate" => certificate::run(
            &course::root()?,
            words.value("name"),
            words.value("to").map(PathBuf::from),
        ),
        "sign" => {
            needed("a file")?;
            let options = sign::Options {
                name: words.value("name"),
                leave_out: words.flag("leave-out"),
            };
            sign::sign(&course::root()?, &file(&words)?, rest, &options)
        }
        "verify" => sign::verify(needed("a file")?.as_ref(), words.value("key").as_deref()),
        "review" => review::run(
            &course::root()?,
            &file(&words)?,
            &needed("the id of an exercise")?,
            words.flag("json"),
        ),
        "export" => {
            let out = words.value("out").map(PathBuf::from);
            export::run(
                &file(&words)?,
                &Course::read(&course::root()?)?,
                &needed("csv, xapi or gradescope")?,
                out.as_deref(),
            )
        }
        "delete" => delete(&words),
        "simulate" => {
            let members = words.number("members")?.unwrap_or(200);
            let seconds = words.number("seconds")?.unwrap_or(60);
            runtime.block_on(simulate::run(members, seconds))
        }
        other => bail!("`{other}` is not known; `class --help` lists what is"),
    }
}

/// The records that `--file` names, else those of this course.
fn file(words: &Words) -> Result<PathBuf> {
    match words.value("file") {
        Some(file) => Ok(file.into()),
        None => Ok(store::usual_file(&course::root()?)),
    }
}

fn open_options(words: &Words) -> Result<open::Options> {
    let address = words
        .number("addr")
        .context("--addr takes an address of this machine, such as 192.168.1.5")?;
    Ok(open::Options {
        root: course::root()?,
        file: file(words)?,
        name: words.value("name"),
        address: address.unwrap_or(open::ADDRESS),
        port: words.number("port")?,
        roster: words.value("roster").map(PathBuf::from),
        mdns: !words.flag("no-mdns"),
        json: words.flag("json"),
    })
}

/// The membership and a client of its class.
fn member() -> Result<(Files, Member, Client)> {
    let files = Files::open(&course::root()?)?;
    let member = files
        .read()?
        .context("you have joined no class: `cargo workbook class join CODE`")?;
    let client = Client::new(&member.address, &member.code()?.pin)?;
    Ok((files, member, client))
}

async fn tell(what: What, done: &str) -> Result<()> {
    let (files, mut member, mut client) = member()?;
    match member.tell(&files, &mut client, what).await? {
        Sent::Taken(_) => println!("{done}"),
        Sent::Refused(refused) => bail!("{}", refused.why),
    }
    Ok(())
}

async fn vote(letter: &str) -> Result<()> {
    let choice = match letter.to_ascii_uppercase().as_bytes() {
        [letter @ b'A'..=b'Z'] => u16::from(letter - b'A'),
        _ => bail!("vote with the letter of an option, such as A"),
    };
    let (_, member, mut client) = member()?;
    let (_, news) = client
        .get(&format!("/api/news?room={}", member.code()?.room))
        .await?;
    let news: Json = serde_json::from_slice(&news)?;
    let poll = news["view"]["poll"]["id"]
        .as_i64()
        .context("no poll is open")?;
    // `tell` takes the lock again.
    tell(What::Vote { poll, choice }, "Your vote counts.").await
}

fn answer(id: &str) -> Result<What> {
    let root = course::root()?;
    let course = Course::read(&root)?;
    let lesson = course
        .lesson_of(id)
        .with_context(|| format!("there is no exercise `{id}`"))?;
    let path = root.join(format!("lessons/{lesson}/exercises/{id}/exercise.rs"));
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() > ANSWER {
        bail!("{} is larger than {ANSWER} bytes", path.display());
    }
    Ok(What::Answer {
        exercise: id.to_owned(),
        text,
    })
}

fn log() -> Result<()> {
    let files = Files::open(&course::root()?)?;
    match std::fs::read_to_string(files.sent()) {
        Ok(text) => print!("{text}"),
        Err(_) => println!("Nothing was sent."),
    }
    Ok(())
}

async fn leave(forget: bool) -> Result<()> {
    let (files, mut member, mut client) = member()?;
    match member
        .tell(&files, &mut client, What::Leave { forget })
        .await
    {
        Ok(Sent::Taken(_)) if forget => {
            println!("You have left the class, and it has deleted what it had of you.")
        }
        Ok(Sent::Taken(_)) => println!("You have left the class. It keeps what you have sent."),
        Ok(Sent::Refused(refused)) => println!("You have left. The class said: {}", refused.why),
        // Without the class, the key must stay: it alone can ask for this.
        Err(e) if forget => {
            return Err(e.context("nothing was deleted; try again when the class is there"));
        }
        Err(_) => {
            println!("You have left. The class does not answer, and keeps what you have sent.")
        }
    }
    files.forget()
}

fn delete(words: &Words) -> Result<()> {
    let file = file(words)?;
    // Made here if it is not there; it is deleted with the others.
    let lock = store::lock(&file)?;
    if !file.exists() {
        println!("There are no records in {}.", file.display());
    } else if !words.flag("yes") {
        println!(
            "All records of the class in {} will be deleted. Type `delete`:",
            file.display()
        );
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        if line.trim() != "delete" {
            bail!("nothing was deleted");
        }
    }
    drop(lock);
    for path in store::files(&file).into_iter().filter(|path| path.exists()) {
        std::fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
        println!("deleted {}", path.display());
    }
    Ok(())
}
