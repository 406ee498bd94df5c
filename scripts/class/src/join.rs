//! `class join`: joins the class, and then sends results as they come, until Ctrl-C.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::sleep;

use crate::client::{Client, Sent};
use crate::code::{Code, made_up_name};
use crate::counted;
use crate::mdns;
use crate::member::{Files, Member};
use crate::protocol::{Message, Record, Status, What, is_text};

/// How often the attempt log is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often the class is asked for news.
const NEWS: Duration = Duration::from_secs(2);
/// How often it is told that this program runs.
const HERE: Duration = Duration::from_secs(10);
/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(15);

/// What the command line says.
pub struct Options {
    /// The code; without it, the class of the last time.
    pub code: Option<Code>,
    /// An address in place of that of the code.
    pub address: Option<String>,
    /// Name in the class.
    pub name: Option<String>,
    /// Send the results from before the join as well.
    pub from_start: bool,
    /// End once everything is sent.
    pub once: bool,
}

/// Joins, and sends until Ctrl-C.
pub async fn run(root: &Path, options: Options) -> Result<()> {
    let files = Files::open(root)?;
    let before = files.read()?;
    let code = match (&options.code, &before) {
        (Some(code), _) => code.clone(),
        (None, Some(member)) => member.code()?,
        (None, None) => bail!("which class? `class join CODE`, as the board shows it"),
    };
    let same = before.filter(|member| {
        member
            .code()
            .is_ok_and(|old| (&old.room, &old.pin) == (&code.room, &code.pin))
    });
    let address = address(&options, &code, same.as_ref()).await?;
    let mut client = Client::new(&address, &code.pin)?;
    let mut member = match same {
        Some(member) if member.joined => member,
        unconfirmed => {
            let cursor = if options.from_start {
                0
            } else {
                files.end_of_log()
            };
            let member = unconfirmed.map_or_else(|| Member::new(&code, &address, cursor), Ok)?;
            join(&files, &options, member, &mut client).await?
        }
    };
    member.address = address;
    files.write(&member)?;
    drop(files);
    println!(
        "You are {} in this class. Ctrl-C ends the sending; `class leave` leaves.",
        member.name
    );
    let sending = follow(root, client, options.once);
    tokio::select! {
        done = sending => done,
        stop = tokio::signal::ctrl_c() => stop.context("cannot wait for Ctrl-C"),
    }
}

async fn address(options: &Options, code: &Code, same: Option<&Member>) -> Result<String> {
    if let Some(address) = options.address.clone().or(code.address.clone()) {
        return Ok(address);
    }
    if let Some(member) = same {
        return Ok(member.address.clone());
    }
    println!("Looking for the class {} in the network ...", code.room);
    match mdns::find(&code.room, true).await? {
        Some(address) => Ok(address),
        None => bail!(
            "the network does not show the class {}; take the code with the address from the board: \
             class join ADDRESS/{code}",
            code.room
        ),
    }
}

/// Binds the member's key to a name. If an earlier confirmation was lost, the class knows the key and repeats it.
async fn join(
    files: &Files,
    options: &Options,
    mut member: Member,
    client: &mut Client,
) -> Result<Member> {
    let code = member.code()?;
    let (status, names) = client
        .get(&format!("/api/names?room={}", code.room))
        .await?;
    let names: Value = serde_json::from_slice(&names).context("this is no class")?;
    if !status.is_success() {
        let why = names["why"].as_str();
        bail!("{}", plain(why.unwrap_or("the class cannot be joined")));
    }
    let class = names["class"].as_str().filter(|name| is_text(name, 100));
    explain(class.unwrap_or("The class"), &code);
    for _ in 0..5 {
        let name = match &options.name {
            Some(name) => name.clone(),
            None => choose(&names["free"])?,
        };
        // `join` writes the key to disk first: if the confirmation is lost, the key is still here.
        member.name.clone_from(&name);
        match member.join(files, client, name).await? {
            Sent::Taken(_) => return Ok(member),
            // A made-up name that another learner has: take the next.
            Sent::Refused(refused) if refused.refused == "name-taken" && options.name.is_none() => {
                println!("{}", refused.why);
            }
            Sent::Refused(refused) => {
                files.forget()?;
                bail!("{}", refused.why);
            }
        }
    }
    files.forget()?;
    bail!("all names were taken; choose one with --name")
}

/// Prints what will be sent, before anything is sent.
fn explain(class: &str, code: &Code) {
    let record = Record {
        exercise: "frames".to_owned(),
        status: Status::Failed,
        belief: Some("one-write-is-one-read".to_owned()),
        seen: None,
        seconds: 0.31,
        attempt: 2,
        hints: 1,
    };
    let message = Message {
        room: code.room.clone(),
        sequence: 2,
        sent: crate::now(),
        what: What::Results(vec![record]),
    };
    println!(
        "\n{class} gets one message like this after each check, signed with a key that was made just now:\n"
    );
    println!("{}\n", serde_json::to_string(&message).unwrap_or_default());
    println!(
        "For a mistake that is not known, `seen` stands in place of the belief: the words of the check, without numbers.\n"
    );
    println!(
        "Never your code, unless you type `class show ID`. `class log` shows all that was sent.\n"
    );
}

/// A line of the roster, or a made-up name.
fn choose(free: &Value) -> Result<String> {
    let free: Vec<&str> = free
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let free: Vec<&str> = free.into_iter().filter(|name| is_text(name, 100)).collect();
    if free.is_empty() {
        return made_up_name();
    }
    if !std::io::stdin().is_terminal() {
        bail!("the class has a roster: say who you are with --name");
    }
    for (number, name) in free.iter().enumerate() {
        println!("{:>4}  {name}", number + 1);
    }
    loop {
        print!("Which one are you? ");
        std::io::stdout().flush()?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            bail!("no name was chosen");
        }
        let chosen = line
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|number| free.get(number.wrapping_sub(1)));
        if let Some(name) = chosen {
            return Ok((*name).to_owned());
        }
    }
}

/// Sends what is new, and prints the teacher's news. While the class is away, it tries again, less and less often.
async fn follow(root: &Path, mut client: Client, once: bool) -> Result<()> {
    let mut follower = Follower {
        version: None,
        line: None,
        opened: Vec::new(),
        stop: String::new(),
        poll: None,
    };
    let (mut asked, mut told) = (None::<Instant>, None::<Instant>);
    let mut pause = LOOK;
    let mut seen = None;
    loop {
        let due = |last: Option<Instant>, every| last.is_none_or(|at| at.elapsed() >= every);
        let (news, here) = (due(asked, NEWS), due(told, HERE));
        // The lock and member.json are left alone until there is something to send.
        let size = std::fs::metadata(root.join(".workbook/attempts.jsonl"))
            .ok()
            .map(|data| data.len());
        let result = async {
            if here || size != seen {
                let sent = send(root, &mut client, here).await?;
                if sent > 0 {
                    println!("sent: {}", counted(sent, "result"));
                }
            }
            if news {
                follower.ask(root, &mut client).await
            } else {
                Ok(())
            }
        };
        match result.await {
            Ok(()) if once => return Ok(()),
            Ok(()) => {
                seen = size;
                if news {
                    asked = Some(Instant::now());
                }
                if here {
                    told = Some(Instant::now());
                }
                if pause > LOOK {
                    println!("The class is back.");
                }
                pause = LOOK;
            }
            Err(e) if once => return Err(e),
            Err(e) => {
                if pause == LOOK {
                    println!("Not sent for the moment: {e:#}. Go on; it is sent later.");
                }
                pause = (pause * 2).min(LONGEST);
            }
        }
        sleep(pause).await;
    }
}

/// Sends results and, if it is time for it, that this program runs. Prints the notes that come back.
async fn send(root: &Path, client: &mut Client, here: bool) -> Result<usize> {
    let files = Files::open(root)?;
    let Some(mut member) = files.read()? else {
        bail!("you have left the class; end this with Ctrl-C");
    };
    let sent = member.send_results(&files, client).await?;
    if here {
        let what = What::Here {
            notes: member.notes,
        };
        match member.tell(&files, client, what).await? {
            Sent::Taken(taken) => {
                for note in taken.notes {
                    println!("A note to you: {}", plain(&note.text));
                    member.notes = note.id;
                }
                files.write(&member)?;
            }
            Sent::Refused(refused) => bail!("{}", refused.why),
        }
    }
    Ok(sent)
}

/// What the learner has read already.
struct Follower {
    version: Option<u64>,
    line: Option<i64>,
    opened: Vec<String>,
    stop: String,
    poll: Option<(i64, Option<i64>)>,
}

impl Follower {
    async fn ask(&mut self, root: &Path, client: &mut Client) -> Result<()> {
        let code = Files::open(root)?
            .read()?
            .context("you have left the class")?
            .code()?;
        let (status, news) = client.get(&format!("/api/news?room={}", code.room)).await?;
        if !status.is_success() {
            bail!("the class replied {status}");
        }
        let news: Value = serde_json::from_slice(&news).context("the class gave an odd reply")?;
        let version = news["version"].as_u64();
        if version != self.version {
            self.version = version;
            self.print(&news["view"]);
        }
        Ok(())
    }

    fn print(&mut self, news: &Value) {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let opened: Vec<String> = list(&news["opened"])
            .iter()
            .filter_map(Value::as_str)
            .map(plain)
            .collect();
        for lesson in opened.iter().filter(|lesson| !self.opened.contains(lesson)) {
            println!("The teacher has opened lesson {lesson}.");
        }
        self.opened = opened;
        let stop = plain(news["stop"].as_str().unwrap_or_default());
        if stop != self.stop && !stop.is_empty() {
            println!("Stop point: {stop}");
        }
        self.stop = stop;
        let mut lines = list(&news["lines"]);
        lines.reverse();
        for line in lines {
            // Lines from before the join are old news, but for the newest.
            let id = line["id"].as_i64();
            if id > self.line {
                println!(
                    "Teacher: {}",
                    plain(line["text"].as_str().unwrap_or_default())
                );
                self.line = id;
            }
        }
        let poll = news["poll"]["id"]
            .as_i64()
            .map(|id| (id, news["poll"]["round"].as_i64()));
        if poll != self.poll
            && let Some((_, Some(round))) = poll
        {
            println!(
                "Poll, vote {round}: {}",
                plain(news["poll"]["text"].as_str().unwrap_or_default())
            );
            for (option, letter) in list(&news["poll"]["options"]).iter().zip('A'..) {
                println!("  {letter}  {}", plain(option.as_str().unwrap_or_default()));
            }
            println!("Vote with `cargo workbook class vote A`, or with a phone.");
        }
        self.poll = poll;
    }
}

/// A text from the network, for a terminal: no control characters, so no sequence that a terminal obeys.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
