//! A room in which everybody hears what the others say. Who enters gets a mouth and a pair of ears;
//! what connects them to a call is the exercise `chat`.

use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, WeakSender, channel};

/// So much may be said before somebody listens. Whoever listens more slowly than that misses the
/// oldest: in this room nobody waits for a slow listener.
const KEPT: usize = 64;

#[derive(Clone, Debug)]
struct Said {
    by: u32,
    text: String,
}

/// The room. It holds nobody: it is empty when the last one has gone.
#[derive(Debug, Default)]
pub struct Room(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entered: u32,
    air: Option<WeakSender<Said>>,
}

impl Room {
    /// One more comes in, and the others hear that: `2 comes in`.
    pub fn enter(&self) -> (Mouth, Ears) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.entered += 1;
        let me = inner.entered;
        let air = inner.air.as_ref().and_then(WeakSender::upgrade);
        let air = air.unwrap_or_else(|| channel(KEPT).0);
        inner.air = Some(air.downgrade());
        let heard = air.subscribe();
        let mouth = Mouth { me, air };
        mouth.tell(format!("{me} comes in"));
        (mouth, Ears { me, heard })
    }

    /// How many could still say something.
    pub fn mouths(&self) -> usize {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.air.as_ref().map_or(0, WeakSender::strong_count)
    }
}

/// For saying something. Dropping it means: I have finished speaking.
#[derive(Debug)]
pub struct Mouth {
    me: u32,
    air: Sender<Said>,
}

impl Mouth {
    /// Says something to everybody else in the room, who hear `2: TEXT`. Never waits.
    pub fn say(&self, text: &str) {
        self.tell(format!("{}: {text}", self.me));
    }

    fn tell(&self, text: String) {
        // An error means that nobody listens. One may speak all the same.
        let _ = self.air.send(Said { by: self.me, text });
    }
}

/// For hearing what the others say.
#[derive(Debug)]
pub struct Ears {
    me: u32,
    heard: Receiver<Said>,
}

impl Ears {
    /// What is said next by somebody else. `None`: nobody is left who could say anything.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.heard.recv().await {
                Ok(Said { by, text }) if by != self.me => return Some(text),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_hears_the_others() {
        let room = Room::default();
        let (one, mut ears_of_one) = room.enter();
        let (two, mut ears_of_two) = room.enter();
        assert_eq!(ears_of_one.next().await.unwrap(), "2 comes in");
        one.say("good morning");
        two.say("hello");
        assert_eq!(ears_of_two.next().await.unwrap(), "1: good morning");
        assert_eq!(ears_of_one.next().await.unwrap(), "2: hello");
        drop(one);
        assert_eq!(room.mouths(), 1);
        two.say("still there?");
        drop(two);
        assert_eq!(ears_of_one.next().await.unwrap(), "2: still there?");
        assert_eq!(ears_of_one.next().await, None);
        assert_eq!(ears_of_two.next().await, None);
        let (_three, mut ears) = room.enter();
        assert_eq!(room.mouths(), 1);
        drop(_three);
        assert_eq!(ears.next().await, None);
    }
}
