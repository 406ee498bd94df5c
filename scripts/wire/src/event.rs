//! What there is to say about the wire, before it has a form.
//!
//! Views and forwarding both make a [`Shown`]; the screen alone decides whether it becomes a
//! coloured line, a plain one or a JSON object. So a new view never touches the output code.

use std::time::Duration;

use serde_json::Value;

use crate::escape::{Kept, hex};

/// The way bytes go. In every picture of the course the client is on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// From the client to the server, left to right.
    ToServer,
    /// From the server to the client, right to left.
    ToClient,
}

impl Dir {
    /// The word for this direction in JSON.
    pub fn name(self) -> &'static str {
        ["client-to-server", "server-to-client"][self.index()]
    }

    /// Who sends in this direction.
    pub fn sender(self) -> &'static str {
        ["client", "server"][self.index()]
    }

    /// Who receives in this direction.
    pub fn receiver(self) -> &'static str {
        self.back().sender()
    }

    /// Its place in a pair: to the server, to the client.
    pub fn index(self) -> usize {
        match self {
            Dir::ToServer => 0,
            Dir::ToClient => 1,
        }
    }

    /// The other direction.
    pub fn back(self) -> Dir {
        match self {
            Dir::ToServer => Dir::ToClient,
            Dir::ToClient => Dir::ToServer,
        }
    }
}

/// What sign stands beside an event in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// No sign and no time: a line about the wire itself.
    Bare,
    /// Something about a connection as a whole.
    Point,
    /// Bytes crossed.
    Bytes,
    /// A direction ended in an orderly way.
    Fin,
    /// A connection broke.
    Reset,
}

/// How an event feels, which becomes its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not yet whole.
    Part,
    /// Worth stopping at.
    Wrong,
    /// Housekeeping between the two programs, which a reader may pass over.
    Quiet,
}

impl Tone {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Part => "part",
            Tone::Wrong => "wrong",
            Tone::Quiet => "quiet",
        }
    }
}

/// One thing to show. `words`, `rows` and `note` hold no raw text of a peer: the code that makes a
/// `Shown` passes such text through [`crate::escape`] first.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The name of the event in JSON, such as `line`.
    pub event: &'static str,
    /// The sign beside it.
    pub mark: Mark,
    /// Its colour.
    pub tone: Tone,
    /// The line that says it.
    pub words: String,
    /// A remark on the line, or nothing.
    pub note: String,
    /// Further lines, such as the rows of a hex dump.
    pub rows: Vec<String>,
    /// What JSON says beyond time, connection, direction and event.
    pub fields: Vec<(&'static str, Value)>,
}

impl Shown {
    /// A new thing to show, with `words` and nothing else.
    pub fn new(event: &'static str, mark: Mark, tone: Tone, words: impl Into<String>) -> Self {
        Shown {
            event,
            mark,
            tone,
            words: words.into(),
            note: String::new(),
            rows: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The same with a remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The same with those remarks that there are.
    pub fn notes(self, notes: impl IntoIterator<Item = Option<String>>) -> Self {
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        self.note(notes.join("; "))
    }

    /// The same with further lines.
    pub fn rows(mut self, rows: Vec<String>) -> Self {
        self.rows = rows;
        self
    }

    /// The same with one more field for JSON.
    pub fn field(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The same with what every event about some bytes has: their number, the first of them in hex and
    /// as text, and how many are not shown.
    pub fn bytes(self, kept: &Kept) -> Self {
        self.field("len", kept.len())
            .field("hex", hex(kept.bytes()))
            .field("text", String::from_utf8_lossy(kept.bytes()))
            .field("left_out", kept.left_out())
    }
}

/// A thing to show that is put into words only when the screen gets to it. Words cost far more
/// than a copy of the few bytes that they are about, and so the screen pays for them and not
/// the traffic: what is never shown is never put into words.
pub struct Later {
    weight: usize,
    make: Box<dyn FnOnce() -> Shown + Send>,
}

impl Later {
    /// `make` will find the words; it holds about `held` bytes until then.
    pub fn new(held: usize, make: impl FnOnce() -> Shown + Send + 'static) -> Self {
        Later {
            weight: 256 + held,
            make: Box::new(make),
        }
    }

    /// `words` will be found for `kept`.
    pub fn about(kept: Kept, words: impl FnOnce(&Kept) -> Shown + Send + 'static) -> Self {
        Later::new(kept.bytes().len(), move || words(&kept))
    }

    /// About how many bytes of memory this holds; the screen's queue is bounded by it.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Finds the words.
    pub fn into_words(self) -> Shown {
        (self.make)()
    }
}

impl From<Shown> for Later {
    fn from(shown: Shown) -> Self {
        Later::new(shown.words.len() + shown.note.len(), move || shown)
    }
}

/// A thing to show, or to be shown later, with when and where it happened.
pub struct Event<T = Shown> {
    /// Time since the wire was started.
    pub at: Duration,
    /// The number of the connection, from 1; `None` for the wire itself.
    pub conn: Option<u64>,
    /// The direction it belongs to, if it belongs to one.
    pub dir: Option<Dir>,
    /// The thing itself.
    pub shown: T,
}
