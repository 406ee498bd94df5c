//! A chat room: what one member announces, all other members receive. A member has an [`Announcer`] and a
//! [`Listener`]; the exercise `chat` connects them to a call.

use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, WeakSender, channel};

/// So many texts wait for a slow listener. A listener that is slower loses the oldest texts, because
/// an announcer never waits.
const KEPT: usize = 64;

#[derive(Clone, Debug)]
struct Announcement {
    by: u32,
    text: String,
}

/// The room. It holds no member: when the last one has left, it is empty.
#[derive(Debug, Default)]
pub struct Room(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    joined: u32,
    sender: Option<WeakSender<Announcement>>,
}

impl Room {
    /// Adds a member, and tells the others: `2 joined`.
    pub fn join(&self) -> (Announcer, Listener) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.joined += 1;
        let me = inner.joined;
        let sender = inner.sender.as_ref().and_then(WeakSender::upgrade);
        let sender = sender.unwrap_or_else(|| channel(KEPT).0);
        inner.sender = Some(sender.downgrade());
        let receiver = sender.subscribe();
        let announcer = Announcer { me, sender };
        announcer.send(format!("{me} joined"));
        (announcer, Listener { me, receiver })
    }

    /// Returns the number of announcers: members that may still announce something.
    pub fn announcers(&self) -> usize {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.sender.as_ref().map_or(0, WeakSender::strong_count)
    }
}

/// Sends texts to the other members. Drop it to say that no text will follow.
#[derive(Debug)]
pub struct Announcer {
    me: u32,
    sender: Sender<Announcement>,
}

impl Announcer {
    /// Sends a text to all other members, who receive `2: TEXT`. Never waits.
    pub fn announce(&self, text: &str) {
        self.send(format!("{}: {text}", self.me));
    }

    /// Returns the number of listeners, this one included.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    fn send(&self, text: String) {
        // An error means that there is no listener at the moment. That is allowed.
        let _ = self.sender.send(Announcement { by: self.me, text });
    }
}

/// Receives the texts of the other members.
#[derive(Debug)]
pub struct Listener {
    me: u32,
    receiver: Receiver<Announcement>,
}

impl Listener {
    /// The next text of another member. `None`: all announcers are dropped, so no text can follow.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.receiver.recv().await {
                Ok(Announcement { by, text }) if by != self.me => return Some(text),
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
    async fn a_text_reaches_the_other_members() {
        let room = Room::default();
        let (one, mut listener_of_one) = room.join();
        let (two, mut listener_of_two) = room.join();
        assert_eq!(listener_of_one.next().await.unwrap(), "2 joined");
        one.announce("good morning");
        two.announce("hello");
        assert_eq!(listener_of_two.next().await.unwrap(), "1: good morning");
        assert_eq!(listener_of_one.next().await.unwrap(), "2: hello");
        drop(one);
        assert_eq!((room.announcers(), two.listeners()), (1, 2));
        two.announce("still there?");
        drop(two);
        assert_eq!(listener_of_one.next().await.unwrap(), "2: still there?");
        assert_eq!(listener_of_one.next().await, None);
        assert_eq!(listener_of_two.next().await, None);
        let (_three, mut listener) = room.join();
        assert_eq!(room.announcers(), 1);
        drop(_three);
        assert_eq!(listener.next().await, None);
    }
}
