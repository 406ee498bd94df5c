//! The calls of one connection, as far as both directions need them: what type a reply has is known
//! from the path of its request.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use crate::escape::beginning;
use crate::event::Dir;
use crate::lock;
use crate::schema::{Asked, Schema};

/// Calls of one connection that are remembered. A server allows mostly 100 or 200 at a time.
pub const MAX_CALLS: usize = 1000;
/// Bytes of a path that are remembered.
const MAX_PATH: usize = 512;

/// The calls of one connection.
pub struct Calls {
    /// False: HTTP/2 is read as it is, and no stream is a call.
    pub grpc: bool,
    /// Where types are found.
    pub schema: Arc<Schema>,
    /// By stream: the numbers grow, so the oldest call is the first.
    streams: Mutex<BTreeMap<u32, Call>>,
}

/// One call, as far as both directions need it.
#[derive(Clone, Default)]
pub struct Call {
    /// Its path.
    pub path: Arc<str>,
    /// How messages are compressed: to the server, to the client.
    pub encoding: [Option<Arc<str>>; 2],
    /// Which side has finished: the client, the server.
    ended: [bool; 2],
    /// Who did not want to wait for the end.
    pub given_up: Option<Dir>,
}

impl Calls {
    /// For a new connection. Without a schema it is not read as gRPC.
    pub fn new(schema: Option<Arc<Schema>>) -> Calls {
        let grpc = schema.is_some();
        let schema = schema.unwrap_or_else(Schema::nothing);
        schema.want(Asked::ByTraffic);
        Calls {
            grpc,
            schema,
            streams: Mutex::default(),
        }
    }

    /// A call has begun; the oldest one goes if there are too many.
    pub fn begin(&self, stream: u32, call: Call) {
        let mut streams = lock(&self.streams);
        streams.insert(stream, call);
        if streams.len() > MAX_CALLS {
            streams.pop_first();
        }
    }

    /// The call on this stream.
    pub fn get(&self, stream: u32) -> Option<Call> {
        lock(&self.streams).get(&stream).cloned()
    }

    /// How the messages in this direction are compressed.
    pub fn encoding(&self, stream: u32, dir: Dir, encoding: Option<Arc<str>>) {
        if let Some(call) = lock(&self.streams).get_mut(&stream) {
            call.encoding[dir.index()] = encoding;
        }
    }

    /// One side has finished; after both the call is forgotten.
    pub fn end(&self, stream: u32, dir: Dir) {
        let mut streams = lock(&self.streams);
        if let Some(call) = streams.get_mut(&stream) {
            call.ended[dir.index()] = true;
            if call.ended == [true, true] {
                streams.remove(&stream);
            }
        }
    }

    /// One side gives up. What the other one has sent already still comes.
    pub fn give_up(&self, stream: u32, dir: Dir) {
        if let Some(call) = lock(&self.streams).get_mut(&stream) {
            call.given_up.get_or_insert(dir);
        }
        self.end(stream, dir);
    }

    /// Throws out what belongs to no call any more.
    pub fn retain<T>(&self, open: &mut HashMap<u32, T>) {
        let streams = lock(&self.streams);
        open.retain(|stream, _| streams.contains_key(stream));
    }

    /// How many calls are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        lock(&self.streams).len()
    }

    /// The stream is no call, or no more.
    pub fn forget(&self, stream: u32) {
        lock(&self.streams).remove(&stream);
    }
}

impl Call {
    /// A call that begins, with the encoding of its client.
    pub fn new(path: &str, encoding: Option<Arc<str>>) -> Call {
        Call {
            path: beginning(path, MAX_PATH).into(),
            encoding: [encoding, None],
            ..Call::default()
        }
    }
}
