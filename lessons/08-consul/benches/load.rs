//! What a crowd asks of an agent: the client for `python3 scripts/figures consul`, which runs it against the
//! agent of this lesson and the real Consul alike. Both get the same bytes.
//!
//! ```text
//!   consul-load ADDR register NAME FROM TO IN_FLIGHT   instances with a TTL check; one a second
//!   consul-load ADDR arrive NAME COUNT                 waits for them in the catalog; seconds
//!   consul-load ADDR health NAME QUERIES IN_FLIGHT     asks for the healthy ones; queries a second
//!   consul-load ADDR wake NAME ID WATCHERS             watches, fails check ID; median and worst ms
//! ```

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Nothing here takes as long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(300);

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

/// A connection that stays open: what is measured is not the making of connections.
struct Line(BufReader<TcpStream>);

struct Answer {
    status: u16,
    index: u64,
    body: Vec<u8>,
}

impl Line {
    async fn open(addr: SocketAddr) -> anyhow::Result<Line> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Line(BufReader::new(stream)))
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<()> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        Ok(self.0.get_mut().write_all(request.as_bytes()).await?)
    }

    async fn receive(&mut self) -> anyhow::Result<Answer> {
        let mut answer = Answer {
            status: 0,
            index: 0,
            body: Vec::new(),
        };
        let mut length = None;
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(
                self.0.read_line(&mut line).await? > 0,
                "the connection was closed"
            );
            let head = line.trim_end().to_ascii_lowercase();
            match head.split_once(": ") {
                Some(("content-length", value)) => length = Some(value.parse()?),
                Some(("x-consul-index", value)) => answer.index = value.parse()?,
                _ if head.is_empty() => break,
                _ => {
                    if let Some(rest) = head.strip_prefix("http/1.1 ") {
                        answer.status = rest.get(..3).context("no status")?.parse()?;
                    }
                }
            }
        }
        if let Some(length) = length {
            self.body(length, &mut answer.body).await?;
        } else {
            // The real one sends long answers in chunks.
            loop {
                line.clear();
                self.0.read_line(&mut line).await?;
                let length = usize::from_str_radix(line.trim(), 16)?;
                self.body(length, &mut answer.body).await?;
                self.0.read_line(&mut line).await?;
                if length == 0 {
                    break;
                }
            }
        }
        Ok(answer)
    }

    async fn body(&mut self, length: usize, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let start = body.len();
        body.resize(start + length, 0);
        self.0.read_exact(&mut body[start..]).await?;
        Ok(())
    }

    async fn call(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<Answer> {
        self.send(method, path, body).await?;
        let answer = self.receive().await?;
        if answer.status != 200 {
            let words = String::from_utf8_lossy(&answer.body);
            bail!("{method} {path}: {} {words}", answer.status);
        }
        Ok(answer)
    }
}

/// Does one thing for each number, so many at a time; how many a second.
async fn in_flight<F>(
    addr: SocketAddr,
    numbers: std::ops::Range<usize>,
    lines: usize,
    request: F,
) -> anyhow::Result<()>
where
    F: Fn(usize) -> (&'static str, String, String) + Clone + Send + 'static,
{
    let count = numbers.len();
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..lines {
        open.push(Line::open(addr).await?);
    }
    let start = Instant::now();
    for (nth, mut line) in open.into_iter().enumerate() {
        let (request, mine) = (request.clone(), numbers.clone().skip(nth).step_by(lines));
        tasks.spawn(async move {
            for number in mine {
                let (method, path, body) = request(number);
                line.call(method, &path, &body).await?;
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
        (
            "PUT",
            "/v1/agent/service/register".to_owned(),
            body.to_string(),
        )
    };
    in_flight(addr, ids, lines, request).await
}

fn path(name: &str) -> String {
    format!("/v1/health/service/{name}?passing")
}

async fn arrive(addr: SocketAddr, name: &str, count: usize) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut line = Line::open(addr).await?;
    loop {
        let answer = line.call("GET", &path(name), "").await?;
        let list: Vec<Value> = serde_json::from_slice(&answer.body)?;
        if list.len() >= count {
            println!("{:.1}", start.elapsed().as_secs_f64());
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn health(addr: SocketAddr, name: &str, queries: usize, lines: usize) -> anyhow::Result<()> {
    let path = path(name);
    let request = move |_: usize| ("GET", path.clone(), String::new());
    in_flight(addr, 0..queries, lines, request).await
}

async fn wake(addr: SocketAddr, name: &str, id: &str, count: usize) -> anyhow::Result<()> {
    let mut caller = Line::open(addr).await?;
    let index = caller.call("GET", &path(name), "").await?.index;
    let query = format!("{}&index={index}&wait=5m", path(name));
    let mut watchers = JoinSet::new();
    for _ in 0..count {
        let mut line = Line::open(addr).await?;
        line.send("GET", &query, "").await?;
        watchers.spawn(async move {
            let answer = line.receive().await?;
            ensure!(
                answer.status == 200 && answer.index > index,
                "woken for nothing"
            );
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
    caller
        .call("PUT", &format!("/v1/agent/check/fail/service:{id}"), "")
        .await?;
    let mut taken = Vec::new();
    for woken in watchers.join_all().await {
        taken.push(woken?.duration_since(start).as_secs_f64() * 1000.0);
    }
    taken.sort_by(f64::total_cmp);
    println!("{:.1} {:.1}", taken[count / 2], taken[count - 1]);
    // For the next one who watches.
    caller
        .call("PUT", &format!("/v1/agent/check/pass/service:{id}"), "")
        .await?;
    Ok(())
}
