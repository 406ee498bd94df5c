//! The site that is measured: a web, a captcha service, and the real Consul and Redis, each a process of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use l17_production::load::site::Way;
use services::Side;
use services::consul::{self, Consul};
use services::redis::{self as store, Redis};
use stage::child::{Child, Spawn};
use tokio::time::{Instant, sleep};

use super::visit::visit;

/// The processes of the site. All of them end with this value.
pub struct World {
    /// Where the web listens.
    pub web: SocketAddr,
    /// A connection to its store, for the visitors.
    pub redis: redis::aio::MultiplexedConnection,
    parts: [Child; 2],
    consul: Consul,
    store: Redis,
}

impl World {
    /// Starts the site of this program, and returns when a visitor has been let in.
    pub async fn start(program: &Path, way: Way) -> anyhow::Result<Self> {
        let consul = consul::Setup::of(Side::Real).start().await?;
        let store = store::Setup::of(Side::Real).start().await?;
        let captchas = part(program, "captchas", way, &consul, &store)?;
        captchas.said("registered: ").await?;
        let web = part(program, "web", way, &consul, &store)?;
        let client = redis::Client::open(format!("redis://{}/", store.addr()))?;
        let world = World {
            web: web.listening().await?,
            redis: client.get_multiplexed_async_connection().await?,
            parts: [captchas, web],
            consul,
            store,
        };
        let since = Instant::now();
        while let Err(error) = visit(world.web, world.redis.clone()).await {
            ensure!(
                since.elapsed() < stage::child::PATIENCE,
                "everything runs, and a visit fails: {error:#}"
            );
            sleep(Duration::from_millis(100)).await;
        }
        Ok(world)
    }

    // ANCHOR: used
    /// Seconds of a core that the processes of the site and `more` have used so far: utime and stime of proc(5), which are
    /// hundredths.
    pub fn used(&self, more: Option<u32>) -> anyhow::Result<f64> {
        let parts = self.parts.iter().map(Child::id);
        let processes = parts.chain([self.consul.pid(), self.store.pid()]);
        let mut ticks = 0;
        for process in processes.chain(more) {
            let file = format!("/proc/{process}/stat");
            let stat = fs::read_to_string(&file)
                .with_context(|| format!("{file}: Linux has it while the process runs"))?;
            // Behind the name, which may have spaces.
            let fields = stat.rsplit(") ").next().unwrap_or_default();
            let fields = fields.split(' ').skip(11).take(2);
            ticks += fields
                .filter_map(|field| field.parse::<u32>().ok())
                .sum::<u32>();
        }
        Ok(f64::from(ticks) / 100.0)
    }
    // ANCHOR_END: used
}

fn part(
    program: &Path,
    name: &str,
    way: Way,
    consul: &Consul,
    store: &Redis,
) -> anyhow::Result<Child> {
    let mut words = vec!["timetable".to_owned(), name.to_owned()];
    if way == Way::Naive {
        words.push("--naive".to_owned());
    }
    words.extend(["--addr", "127.0.0.1:0"].map(str::to_owned));
    words.extend(["--consul".to_owned(), consul.addr().to_string()]);
    words.extend(["--redis".to_owned(), store.addr().to_string()]);
    Spawn::program(program, words)
        .name(name)
        .note("registered: ")
        .errors_too()
        // Their logs are read, and dropped.
        .heard(|_| {})
        .start()
}
