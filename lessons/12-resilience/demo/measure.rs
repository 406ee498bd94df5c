//! One row of the ladder: what a call costs with a selector, a budget, ejection and a deadline. The server is another
//! process, as it would be in production.

use std::time::Duration;

use crate::world::client::Client;
use crate::world::pb::arith::MulRequest;
use crate::world::pb::arith::arith_client::ArithClient;
use l12_resilience::caller::{How, Settings};
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use l12_resilience::select::Select;
use stage::measure::{PROFILE, Times, head, ladder};
use stage::tap::Tap;
use tokio::time::sleep;
use tonic::transport::Endpoint;

use crate::fleet::Instance;
use crate::options;

const CALLS: usize = 2000;
/// The width of the words in a table.
const COLUMNS: usize = 46;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    let three = ["a", "b", "c"].map(|name| Instance::start(name, &["--quiet"]));
    let [a, b, c] = three;
    let (a, b, c) = (a?, b?, c?);
    let members = vec![a.member(), b.member(), c.member()];
    println!("25 * 4 by three calculators, {CALLS} times each, {PROFILE}, this machine.\n");
    head(COLUMNS);
    let channel = Endpoint::from_shared(format!("http://{}", a.addr))?
        .connect()
        .await?;
    let bare = ArithClient::new(channel);
    let one = Times::of(CALLS, async || {
        bare.clone().mul(MulRequest { a: 25, b: 4 }).await?;
        Ok(())
    });
    one.await?.row("the generated client, one address", COLUMNS);
    let mut chosen = 0.0;
    for select in Select::ALL {
        let client = client(&members, select, FailMode::Over);
        let words = format!("chosen among three: {select}, fail over");
        let median = times(&client).await?.row(&words, COLUMNS);
        if select == Select::Random {
            chosen = median;
        }
    }
    let after = Duration::from_millis(50);
    let client = client(&members, Select::Random, FailMode::Backup { after });
    let words = "chosen among three: random, backup after 50 ms";
    times(&client).await?.row(words, COLUMNS);

    let bytes = bytes(&a).await?;
    println!("\nBytes on the wire, there and back:");
    println!("{bytes:>6}  a call, on a connection that is open; the deadline is in it");

    ladder("12 resilience", bytes, chosen, &SOURCES);
    Ok(())
}

fn client(members: &[Member], select: Select, mode: FailMode) -> Client {
    let settings = Settings {
        select,
        mode,
        ..Settings::default()
    };
    options::client(members.to_vec(), settings)
}

async fn times(client: &Client) -> anyhow::Result<Times> {
    let mut number = 0;
    let call = async || {
        number += 1;
        client
            .mul(How::safe().key(format!("user-{number}")), 25, 4)
            .await?;
        Ok(())
    };
    Times::of(CALLS, call).await
}

/// The bytes of a later call: the shortest of nine, because now and then there is something about the
/// connection itself between them.
async fn bytes(instance: &Instance) -> anyhow::Result<u64> {
    let counts = Tap::open(instance.addr).await?;
    let client = options::client(vec![Member::new("tap", counts.addr)], Settings::default());
    let mut last = counts.read();
    let mut least = u64::MAX;
    for number in 0..10 {
        client.mul(How::safe(), 25, 4).await?;
        sleep(Duration::from_millis(50)).await;
        let now = counts.read();
        let call = now.since(last);
        last = now;
        // The first one opens the connection.
        if number > 0 {
            least = least.min(call.there + call.back);
        }
    }
    Ok(least)
}

const SOURCES: [(&str, &str); 11] = stage::sources![
    "select.rs",
    "select/round_robin.rs",
    "select/weighted.rs",
    "select/rendezvous.rs",
    "fail.rs",
    "budget.rs",
    "eject.rs",
    "connector.rs",
    "deadline.rs",
    "caller.rs",
    "call.rs",
];
