//! This program as the server in a second process, for the demo and for `measure`. It prints the events of
//! its calls, a line for each, with the time.

use std::net::SocketAddr;

use l07_streaming::observe::{Event, Observer};
use stage::child::{Ask, Child, Spawn};
use stage::story::{self, stamp, stamped};

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// The address of the server.
    pub addr: SocketAddr,
}

impl Peer {
    /// Starts it on a free port, with more options.
    pub async fn start(options: &[&str]) -> anyhow::Result<Self> {
        let child = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
            .args(options)
            .until_stdin_ends("--until-stdin-ends")
            .start()?;
        let addr = child.listening().await?;
        Ok(Peer { child, addr })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The events since the last call: microseconds of the system clock, and words.
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
}

/// In the server: prints all events.
pub fn narrator() -> Observer {
    Observer::new(|_, method, event| {
        stamp(&match event {
            Event::Began => format!("{method} begins"),
            Event::Produced(number) => format!("produces {number}"),
            Event::Received(number) => format!("receives {number}"),
            Event::HalfClosed => "the client has finished sending".to_string(),
            Event::Cancelled => format!("{method}: cancelled"),
            Event::Done => format!("{method} is done"),
            Event::Refused(why) => format!("{method} ends: {why}"),
        });
    })
}

/// One scene: the events of both sides, printed in the order of their times.
pub struct Scene {
    since: u128,
    seen: story::Scene,
}

impl Scene {
    /// Prints the title and starts the clock.
    pub fn begin(title: &str) -> Self {
        println!("\n{title}");
        Scene {
            since: story::now(),
            seen: story::Scene::new(),
        }
    }

    /// An event of the client.
    pub fn note(&self, words: impl Into<String>) {
        self.seen.note(words);
    }

    /// Prints the events of both sides; of the server's, only the `interesting` ones.
    pub async fn tell(self, server: &Peer, interesting: impl Fn(&str) -> bool) {
        // The server's last line may not have arrived yet.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        for (at, words) in server.events() {
            if interesting(&words) {
                self.seen.by_server(at, words);
            }
        }
        self.seen.print(self.since, 1);
    }
}
