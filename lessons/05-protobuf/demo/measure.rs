//! Protobuf beside JSON, size and time, for several messages. And one row of the ladder: the cost of the greeting
//! call in bytes, microseconds and lines of code. The server is another process on the same machine.

use std::time::{Duration, Instant};

use l05_protobuf::client::Client;
use l05_protobuf::frame;
use l05_protobuf::greeter::{HelloReply, HelloRequest};
use l05_protobuf::panda::PandaRequest;
use l05_protobuf::school::{Measures, Student, Weekday, student::Group};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stage::measure::{PROFILE, Times, code, head, ladder_row};

use crate::peer::Peer;

const CALLS: usize = 5000;
const ROUNDS: usize = 2000;
const TIMEOUT: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
/// The columns of the words in front of the numbers.
const WORDS: usize = 38;
/// The longest bar of the plot.
const BAR: usize = 40;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("Protobuf beside JSON, {PROFILE}, this machine. JSON is serde_json, compact.\n");
    let rows = compare()?;
    plot("Size in bytes", &rows, |row| row.bytes, 0);
    plot("Written and read once, in µs", &rows, |row| row.micros, 2);

    println!("The greeting call for `{NAME}`, {CALLS} times, {PROFILE}, this machine.\n");
    head(WORDS);
    let server = Peer::start(&[])?;
    let mut client = Client::connect(server.addr, TIMEOUT).await?;
    let times = Times::of(CALLS, async || {
        client.greet(NAME).await?;
        Ok(())
    });
    let median = times.await?.row("delimited protobuf over TCP", WORDS);

    let there = frame::encode(&HelloRequest { name: NAME.into() }).len();
    let message = format!("hello {NAME}");
    let back = frame::encode(&HelloReply { message }).len();
    println!(
        "\nBytes of the call: {there} there, {back} back. No method, no id and no error are in them."
    );

    // The others print bytes; a call does not need them.
    let code = code(&SOURCES, &["wire.rs", "schema.rs", "explain.rs"]);
    ladder_row("05 protobuf", (there + back) as u64, median, code);
    Ok(())
}

const SOURCES: [(&str, &str); 8] = [
    ("varint.rs", include_str!("../src/varint.rs")),
    ("frame.rs", include_str!("../src/frame.rs")),
    ("host.rs", include_str!("../src/host.rs")),
    ("client.rs", include_str!("../src/client.rs")),
    (
        "greeter.proto",
        include_str!("../../../proto/greeter/v1/greeter.proto"),
    ),
    ("wire.rs", include_str!("../src/wire.rs")),
    ("schema.rs", include_str!("../src/schema.rs")),
    ("explain.rs", include_str!("../src/explain.rs")),
];

/// One message; protobuf first, JSON second.
struct Row {
    name: &'static str,
    bytes: [f64; 2],
    micros: [f64; 2],
}

fn compare() -> anyhow::Result<Vec<Row>> {
    let weights = |from: i32| PandaRequest {
        weight: (from..from + 1000).collect(),
        ..PandaRequest::default()
    };
    let text = "Each field has a number, and the number never moves. ".repeat(20);
    Ok(vec![
        row("the greeting", &HelloRequest { name: NAME.into() })?,
        row(
            "a panda",
            &PandaRequest {
                name: "Mei".into(),
                height: 170,
                weight: vec![110, 112, 109],
            },
        )?,
        row(
            "a student",
            &Student {
                id: 7,
                name: "Ada".into(),
                measures: Some(Measures { weight_kg: 60 }),
                scores: vec![90, 85, 300],
                weekday: Weekday::Monday.into(),
                group: Some(Group::Teacher("san".into())),
            },
        )?,
        row("a text of 1060 letters", &HelloRequest { name: text })?,
        row("1000 numbers from 0 on", &weights(0))?,
        row("1000 numbers from 2 billion on", &weights(2_000_000_000))?,
        row("1000 numbers from -1000 on", &weights(-1000))?,
    ])
}

fn row<M>(name: &'static str, message: &M) -> anyhow::Result<Row>
where
    M: Message + Default + PartialEq + Serialize + DeserializeOwned,
{
    let bytes = message.encode_to_vec();
    let json = serde_json::to_vec(message)?;
    let protobuf = || {
        let bytes = std::hint::black_box(message).encode_to_vec();
        drop(std::hint::black_box(M::decode(&*bytes)?));
        Ok(())
    };
    let json_too = || {
        let bytes = serde_json::to_vec(std::hint::black_box(message))?;
        drop(std::hint::black_box(serde_json::from_slice::<M>(&bytes)?));
        Ok(())
    };
    Ok(Row {
        name,
        bytes: [length(&bytes)?, length(&json)?],
        micros: medians(protobuf, json_too)?,
    })
}

fn length(bytes: &[u8]) -> anyhow::Result<f64> {
    Ok(u32::try_from(bytes.len())?.into())
}

/// How long each usually takes, in microseconds. They take turns: when the machine is busy for a moment,
/// both of them feel it. The first tenth is thrown away.
fn medians(
    one: impl Fn() -> anyhow::Result<()>,
    other: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<[f64; 2]> {
    let mut times = [const { Vec::new() }; 2];
    for round in 0..ROUNDS + ROUNDS / 10 {
        let works: [&dyn Fn() -> anyhow::Result<()>; 2] = [&one, &other];
        for (times, work) in times.iter_mut().zip(works) {
            let since = Instant::now();
            work()?;
            if round >= ROUNDS / 10 {
                times.push(since.elapsed());
            }
        }
    }
    Ok(times.map(|times| Times::from(times).median()))
}

/// Two bars for each sort of message. The longer one has the full length, else a row of thousands
/// would leave nothing to see of the others.
fn plot(title: &str, rows: &[Row], values: impl Fn(&Row) -> [f64; 2], digits: usize) {
    println!("{title}. In each pair the longer bar is full.");
    for row in rows {
        let values = values(row);
        let most = values[0].max(values[1]);
        for (name, format, value) in [(row.name, "protobuf", values[0]), ("", "JSON", values[1])] {
            let bar = (1..=BAR).filter(|part| {
                let part = u32::try_from(*part).map_or(0.0, f64::from);
                let all = u32::try_from(BAR).map_or(1.0, f64::from);
                part <= (value / most * all).round().max(1.0)
            });
            let bar: String = bar.map(|_| '#').collect();
            println!("  {name:31} {format:8} {value:>8.digits$}  {bar}");
        }
    }
    println!();
}
