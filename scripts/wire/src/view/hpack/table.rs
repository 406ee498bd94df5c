//! The header fields that HPACK knows by number: 61 that never change (RFC 7541, appendix A), and
//! behind them those that this connection has used lately.

use std::collections::VecDeque;
use std::sync::Arc;

/// What an entry counts beyond its bytes, as RFC 7541, 4.1 has it.
const OVERHEAD: usize = 32;

/// A name and its value. Shared, not copied: a block may name one entry thousands of times.
pub type Entry = (Arc<[u8]>, Arc<[u8]>);

/// The fields that need no table of their own.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
    (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
    (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
    (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""),
    ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""),
    ("authorization", ""), ("cache-control", ""), ("content-disposition", ""),
    ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""),
    ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""),
    ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
    ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""),
    ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""),
    ("vary", ""), ("via", ""), ("www-authenticate", ""),
];

/// The entries of one direction, newest first.
pub struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    max: usize,
}

impl Table {
    /// An empty table of at most `max` bytes, counted as the RFC counts.
    pub fn new(max: usize) -> Table {
        Table {
            entries: VecDeque::new(),
            size: 0,
            max,
        }
    }

    /// The entry with this number, from 1.
    pub fn get(&self, index: u64) -> Option<Entry> {
        let at = usize::try_from(index).ok()?.checked_sub(1)?;
        match STATIC.get(at) {
            Some((name, value)) => Some((name.as_bytes().into(), value.as_bytes().into())),
            None => self.entries.get(at - STATIC.len()).cloned(),
        }
    }

    /// Adds an entry; old ones make room. One that is bigger than the table empties it.
    pub fn add(&mut self, entry: Entry) {
        let size = entry.0.len() + entry.1.len() + OVERHEAD;
        self.shrink(self.max.saturating_sub(size));
        if size <= self.max {
            self.size += size;
            self.entries.push_front(entry);
        }
    }

    /// Allows `max` bytes from now on.
    pub fn resize(&mut self, max: usize) {
        self.max = max;
        self.shrink(max);
    }

    /// The bytes it holds, counted as the RFC counts.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.size
    }

    fn shrink(&mut self, max: usize) {
        while self.size > max {
            let Some((name, value)) = self.entries.pop_back() else {
                return;
            };
            self.size -= name.len() + value.len() + OVERHEAD;
        }
    }
}
