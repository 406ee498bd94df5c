//! What the demo prints: what both sides saw, in the order in which it happened, the server's further
//! right, as it stands in the pictures of the book.

use std::time::Duration;

use tokio::time::sleep;

use crate::peer::{Peer, now};

/// One scene.
pub struct Scene {
    since: u128,
    seen: Vec<Seen>,
}

struct Seen {
    micros: u128,
    by_server: bool,
    words: String,
}

impl Scene {
    /// Begins, under this title.
    pub fn begin(title: &str) -> Self {
        println!("\n{title}");
        Scene {
            since: now(),
            seen: Vec::new(),
        }
    }

    /// Something that the client did or saw.
    pub fn note(&mut self, words: impl Into<String>) {
        self.seen.push(Seen {
            micros: now(),
            by_server: false,
            words: words.into(),
        });
    }

    /// Prints what both sides saw. Of what the server told, only what is `interesting`.
    pub async fn tell(mut self, server: &Peer, interesting: impl Fn(&str) -> bool) {
        // The server's last line may still be on its way.
        sleep(Duration::from_millis(50)).await;
        for line in server
            .tells
            .try_iter()
            .filter(|line| interesting(&line.words))
        {
            self.seen.push(Seen {
                micros: line.micros,
                by_server: true,
                words: line.words,
            });
        }
        self.seen.sort_by_key(|seen| seen.micros);
        for seen in self.seen.iter().filter(|seen| seen.micros >= self.since) {
            let ms = (seen.micros - self.since) as f64 / 1000.0;
            let indent = if seen.by_server { 34 } else { 0 };
            println!("  {ms:8.1}  {:indent$}{}", "", seen.words);
        }
    }
}

/// Says something about what was seen.
pub fn say(words: &str) {
    println!("   {words}");
}
