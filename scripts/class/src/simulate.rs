//! `class simulate`: many learners on one machine against a server process of its own, to measure what a class needs.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::client::{Client, Sent};
use crate::code::Code;
use crate::protocol::{Message, Record, Status, Taken, What, make_key};

/// The server process; it ends with this value.
struct Server {
    child: Child,
    code: Code,
    address: String,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A learner without an attempt log.
struct Learner {
    client: Client,
    key: Vec<u8>,
    room: String,
    sequence: u64,
}

impl Learner {
    async fn tell(&mut self, what: What) -> Result<Taken> {
        self.sequence += 1;
        let message = Message {
            room: self.room.clone(),
            sequence: self.sequence,
            sent: crate::now(),
            what,
        };
        let body = serde_json::to_string(&message)?;
        match self.client.send(&self.key, body.as_bytes()).await? {
            Sent::Taken(taken) => Ok(taken),
            Sent::Refused(refused) => bail!("refused: {}", refused.why),
        }
    }
}

/// When each result was sent, by its number, and how long it took until the board had it.
#[derive(Default)]
struct Times {
    sent: HashMap<i64, Instant>,
    /// When the board first had this number or a greater one, in order.
    board: Vec<(i64, Instant)>,
    confirmed: Vec<Duration>,
}

/// Lets `members` learners join, and each send a result a second for `seconds`. Prints what was measured.
///
/// # Errors
/// If the server does not start, or a learner cannot join.
pub async fn run(members: usize, seconds: u64) -> Result<()> {
    let dir = std::env::temp_dir().join(format!("class-simulate-{}", std::process::id()));
    let result = measure(&dir, members, seconds).await;
    let _ = std::fs::remove_dir_all(&dir);
    result
}

async fn measure(dir: &std::path::Path, members: usize, seconds: u64) -> Result<()> {
    let server = start(dir)?;
    let times = Arc::new(Mutex::new(Times::default()));
    let watching = tokio::spawn(watch_board(
        board_client(&server).await?,
        Arc::clone(&times),
    ));
    let begun = Instant::now();
    let joining: Vec<_> = (0..members)
        .map(|number| tokio::spawn(join(server.code.clone(), server.address.clone(), number)))
        .collect();
    let mut learners = Vec::new();
    for each in joining {
        learners.push(each.await??);
    }
    println!(
        "{members} learners joined in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    let working: Vec<_> = learners
        .into_iter()
        .enumerate()
        .map(|(number, learner)| {
            tokio::spawn(work(learner, number, members, seconds, Arc::clone(&times)))
        })
        .collect();
    let mut failed = 0;
    for each in working {
        failed += each.await?;
    }
    let wanted = i64::try_from(members)? * i64::try_from(seconds)?;
    let upto = || {
        times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .board
            .last()
            .map_or(0, |(upto, _)| *upto)
    };
    let _ = timeout(Duration::from_secs(10), async {
        while upto() < wanted {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    watching.abort();
    let times = times.lock().unwrap_or_else(PoisonError::into_inner);
    let mut until_board = until_board(&times);
    let mut confirmed = times.confirmed.clone();
    let count = until_board.len();
    println!(
        "{count} results sent, {failed} not confirmed, {} not on the board",
        wanted - upto_of(&times).min(wanted)
    );
    println!(
        "sent to confirmed:    p50 {:.1} ms, p99 {:.1} ms",
        part(&mut confirmed, 50),
        part(&mut confirmed, 99)
    );
    println!(
        "sent to on the board: p50 {:.1} ms, p99 {:.1} ms",
        part(&mut until_board, 50),
        part(&mut until_board, 99)
    );
    println!("memory of the server: {}", memory(server.child.id()));
    Ok(())
}

fn upto_of(times: &Times) -> i64 {
    times.board.last().map_or(0, |(upto, _)| *upto)
}

fn until_board(times: &Times) -> Vec<Duration> {
    let of = |(number, sent): (&i64, &Instant)| {
        let at = times.board.partition_point(|(upto, _)| upto < number);
        times
            .board
            .get(at)
            .map(|(_, seen)| seen.saturating_duration_since(*sent))
    };
    times.sent.iter().filter_map(of).collect()
}

fn start(dir: &std::path::Path) -> Result<Server> {
    use std::io::BufRead as _;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["open", "--json", "--no-mdns", "--port", "0", "--file"])
        .arg(dir.join("class.db"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().context("no output")?;
    std::io::BufReader::new(out).read_line(&mut line)?;
    let told: Value = serde_json::from_str(&line).context("the server did not start")?;
    let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    Ok(Server {
        child,
        code: text("code").parse()?,
        address: text("address"),
        token: text("token"),
    })
}

async fn board_client(server: &Server) -> Result<Client> {
    let mut client = Client::new(&server.address, &server.code.pin)?;
    client.set_cookie(format!("teacher={}", server.token));
    Ok(client)
}

async fn watch_board(mut client: Client, times: Arc<Mutex<Times>>) {
    let mut after = 0;
    while let Ok((_, text)) = client
        .get(&format!("/api/teacher/board?after={after}"))
        .await
    {
        let Ok(board) = serde_json::from_slice::<Value>(&text) else {
            continue;
        };
        after = board["version"].as_u64().unwrap_or_default();
        let upto = board["view"]["upto"].as_i64().unwrap_or_default();
        times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .board
            .push((upto, Instant::now()));
    }
}

async fn join(code: Code, address: String, number: usize) -> Result<Learner> {
    let client = Client::new(&address, &code.pin)?;
    let mut learner = Learner {
        client,
        key: make_key()?,
        room: code.room,
        sequence: 0,
    };
    learner
        .tell(What::Join {
            name: format!("Learner {number}"),
        })
        .await?;
    Ok(learner)
}

/// One result a second, each learner at another moment of it. Returns how many were not confirmed.
async fn work(
    mut learner: Learner,
    number: usize,
    members: usize,
    seconds: u64,
    times: Arc<Mutex<Times>>,
) -> usize {
    const EXERCISES: [&str; 5] = ["echo", "many-clients", "frames", "dispatch", "by-hand"];
    sleep(Duration::from_millis(
        1000 * number as u64 / members.max(1) as u64,
    ))
    .await;
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut failed = 0;
    for attempt in 1..=u32::try_from(seconds).unwrap_or(u32::MAX) {
        tick.tick().await;
        let status = if attempt % 4 == 0 {
            Status::Passed
        } else {
            Status::Failed
        };
        let belief = (status == Status::Failed).then(|| "one-write-is-one-read".to_owned());
        let exercise = EXERCISES[(number + attempt as usize / 4) % EXERCISES.len()].to_owned();
        let record = Record {
            exercise,
            status,
            belief,
            seen: None,
            seconds: 0.2,
            attempt,
            hints: 0,
        };
        let sent = Instant::now();
        match learner.tell(What::Results(vec![record])).await {
            Ok(taken) => {
                let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                times.confirmed.push(sent.elapsed());
                times.sent.insert(taken.upto, sent);
            }
            Err(_) => failed += 1,
        }
    }
    failed
}

/// This percentile, in milliseconds.
fn part(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times
        .get(at)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// The most that the process has held, as Linux counts it.
fn memory(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.map_or_else(
        || "only measured on Linux".to_owned(),
        |most| most.trim().to_owned(),
    )
}
