//! This program once more, as the server, in a process of its own: for the demo and for `measure`. It
//! prints what happens in its calls, a line for each event, with the time at which it happened.

use std::net::SocketAddr;
use std::path::PathBuf;

use l07_streaming::watch::{Event, Watch};
use stage::child::{Ask, Child, PATIENCE, Spawn};
use stage::story::{self, stamp, stamped};

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The certificate of the authority that its callers trust, if it speaks TLS.
    pub authority: Option<PathBuf>,
}

const TRUST: &str = "callers trust ";

impl Peer {
    /// Starts it on a free port, with more options.
    pub async fn start(options: &[&str]) -> anyhow::Result<Self> {
        let child = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
            .args(options)
            .note(TRUST)
            .until_stdin_ends("--until-stdin-ends")
            .start()?;
        let addr = child.listening().await?;
        // It stands in front of the address, so by now it has come.
        let trust = child.notes(TRUST).borrow().clone();
        let authority = (trust.times > 0).then(|| PathBuf::from(trust.rest));
        Ok(Peer {
            child,
            addr,
            authority,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed since the last time: microseconds of the system clock, and words.
    pub fn events(&self) -> Vec<(u128, String)> {
        let lines = self.child.lines().into_iter();
        lines
            .filter_map(|line| stamped(&line.text).map(|(at, words)| (at, words.to_string())))
            .collect()
    }

    /// Asks it to stop, as Ctrl-C would.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.child.ask(Ask::EndOfStdin)
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.child.ended().is_some()
    }

    /// Asks it to stop, and waits until it has, so that it can clean up.
    pub async fn end(self) -> anyhow::Result<()> {
        self.child.ask_to_end(Ask::EndOfStdin, PATIENCE).await?;
        Ok(())
    }
}

/// In the server: prints everything.
pub fn narrator() -> Watch {
    Watch::new(|_, method, event| {
        stamp(&match event {
            Event::Began => format!("{method} begins"),
            Event::Made(number) => format!("makes {number}"),
            Event::Heard(number) => format!("hears {number}"),
            Event::Finished => "the caller has finished".to_string(),
            Event::Left => format!("{method}: the caller has left"),
            Event::Done => format!("{method} is done"),
            Event::Refused(why) => format!("{method} ends: {why}"),
        });
    })
}

/// One scene: what both sides saw, printed in the order in which it happened.
pub struct Scene {
    since: u128,
    seen: story::Scene,
}

impl Scene {
    /// Begins, under this title.
    pub fn begin(title: &str) -> Self {
        println!("\n{title}");
        Scene {
            since: story::now(),
            seen: story::Scene::new(),
        }
    }

    /// Something that the client did or saw.
    pub fn note(&self, words: impl Into<String>) {
        self.seen.note(words);
    }

    /// Prints what both sides saw; of the server's events, only what is `interesting`.
    pub async fn tell(self, server: &Peer, interesting: impl Fn(&str) -> bool) {
        // The server's last line may still be on its way.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        for (at, words) in server.events() {
            if interesting(&words) {
                self.seen.by_server(at, words);
            }
        }
        self.seen.print(self.since, 1);
    }
}
