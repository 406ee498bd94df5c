//! A load generator for Consul agents. `python3 scripts/figures consul` runs it against the agent of this
//! lesson and against the real Consul; both get the same bytes.
//!
//! ```text
//!   consul-load ADDR register NAME FROM TO IN_FLIGHT   instances with a TTL check; one a second
//!   consul-load ADDR arrive NAME COUNT                 waits for them in the catalog; seconds
//!   consul-load ADDR health NAME QUERIES IN_FLIGHT     asks for the healthy ones; queries a second
//!   consul-load ADDR wake NAME ID WATCHERS             watches, fails check ID; median and worst ms
//! ```

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use stage::http::{Answer, Request, Session};
use tokio::task::JoinSet;

/// Nothing here takes as long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(300);
/// The answer about ten thousand instances has some ten million bytes.
const LARGEST: usize = 256 << 20;

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own, and without an address there is nothing to measure.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let work = async {
        match words[..] {
            [addr, "register", name, from, to, lines] => {
                let ids = from.parse()?..to.parse()?;
                register(addr.parse()?, name, ids, lines.parse()?).await
            }
            [addr, "arrive", name, count] => arrive(addr.parse()?, name, count.parse()?).await,
            [addr, "health", name, queries, lines] => {
                health(addr.parse()?, name, queries.parse()?, lines.parse()?).await
            }
            [addr, "wake", name, id, count] => wake(addr.parse()?, name, id, count.parse()?).await,
            _ => {
                println!(
                    "usage: see benches/load.rs; `python3 scripts/figures consul` does it all"
                );
                Ok(())
            }
        }
    };
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
    done.context("five minutes were not enough")?
}

/// Sends a request on a connection that stays open: what is measured is not the making of connections.
async fn call(session: &mut Session, request: &Request) -> anyhow::Result<Answer> {
    let answer = session.send(request).await?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
    Ok(answer)
}

fn index(answer: &Answer) -> anyhow::Result<u64> {
    Ok(answer
        .header("x-consul-index")
        .context("no index")?
        .parse()?)
}

/// Does one thing for each number, so many at a time; how many a second.
async fn in_flight<F>(
    addr: SocketAddr,
    numbers: std::ops::Range<usize>,
    lines: usize,
    request: F,
) -> anyhow::Result<()>
where
    F: Fn(usize) -> Request + Clone + Send + 'static,
{
    let count = numbers.len();
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for nth in 0..lines {
        let (request, mine) = (request.clone(), numbers.clone().skip(nth).step_by(lines));
        tasks.spawn(async move {
            let mut session = Session::new(addr);
            for number in mine {
                call(&mut session, &request(number)).await?;
            }
            anyhow::Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    println!("{:.1}", count as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

async fn register(
    addr: SocketAddr,
    name: &str,
    ids: std::ops::Range<usize>,
    lines: usize,
) -> anyhow::Result<()> {
    let name = name.to_owned();
    let request = move |n: usize| {
        let body = json!({
            "ID": format!("{name}-{n}"), "Name": name, "Address": "127.0.0.1", "Port": n % 60_000,
            "Tags": ["load"], "Meta": {"version": "1"},
            "Check": {"TTL": "1h", "Status": "passing"},
        });
        Request::put("/v1/agent/service/register", body.to_string())
    };
    in_flight(addr, ids, lines, request).await
}

fn path(name: &str) -> String {
    format!("/v1/health/service/{name}?passing")
}

async fn arrive(addr: SocketAddr, name: &str, count: usize) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut session = Session::new(addr);
    let healthy = Request::get(path(name)).at_most(LARGEST);
    loop {
        let answer = call(&mut session, &healthy).await?;
        if answer.json().as_array().context("no list")?.len() >= count {
            println!("{:.1}", start.elapsed().as_secs_f64());
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn health(addr: SocketAddr, name: &str, queries: usize, lines: usize) -> anyhow::Result<()> {
    let path = path(name);
    let request = move |_: usize| Request::get(path.clone()).at_most(LARGEST);
    in_flight(addr, 0..queries, lines, request).await
}

async fn wake(addr: SocketAddr, name: &str, id: &str, count: usize) -> anyhow::Result<()> {
    let mut caller = Session::new(addr);
    let before = call(&mut caller, &Request::get(path(name)).at_most(LARGEST)).await?;
    let seen = index(&before)?;
    let query = Request::get(format!("{}&index={seen}&wait=5m", path(name)));
    let query = query.within(PATIENCE).at_most(LARGEST);
    let mut watchers = JoinSet::new();
    for _ in 0..count {
        let query = query.clone();
        watchers.spawn(async move {
            let answer = call(&mut Session::new(addr), &query).await?;
            ensure!(index(&answer)? > seen, "woken for nothing");
            anyhow::Ok(Instant::now())
        });
    }
    // Until all of them wait: a late one sees the change all the same, and would look quick.
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(
        watchers.try_join_next().is_none(),
        "a caller was woken before the change"
    );
    let start = Instant::now();
    let check = |how: &str| Request::put(format!("/v1/agent/check/{how}/service:{id}"), "");
    call(&mut caller, &check("fail")).await?;
    let mut taken = Vec::new();
    for woken in watchers.join_all().await {
        taken.push(woken?.duration_since(start).as_secs_f64() * 1000.0);
    }
    taken.sort_by(f64::total_cmp);
    println!("{:.1} {:.1}", taken[count / 2], taken[count - 1]);
    // For the next one who watches.
    call(&mut caller, &check("pass")).await?;
    Ok(())
}
