//! HPACK, the compression of header fields in HTTP/2 (RFC 7541), reading only.
//!
//! Our own, although crates exist: those that stand alone have had no release for years, and give
//! back a list with every field copied, so a block of 64 KiB can ask for hundreds of megabytes. The
//! decoder of `h2` is private to it. Reading takes two tables and 150 lines.
//!
//! A direction has one decoder for its whole life: each block may change the table that the next
//! one leans on. After a mistake nothing more can be read.

mod huffman;
mod table;

use table::{Entry, Table};

/// The biggest dynamic table that is believed. Programs use 4 KiB; some browsers 64 KiB.
const MAX_TABLE: usize = 64 * 1024;

/// Of one block, so many bytes of names and values are given back; the rest is counted.
const MAX_LIST: usize = 16 * 1024;

/// The size that a table has at first, as the RFC says.
const FIRST_TABLE: usize = 4096;

/// Reads the header blocks of one direction.
pub struct Decoder {
    table: Table,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name and the value.
    pub entry: Entry,
    /// How many bytes of the block it took.
    pub cost: usize,
}

impl Field {
    fn size(&self) -> usize {
        self.entry.0.len() + self.entry.1.len() + size_of::<Field>()
    }

    /// The name.
    pub fn name(&self) -> &[u8] {
        &self.entry.0
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.entry.1
    }
}

/// What a header block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The fields in order, up to [`MAX_LIST`] bytes.
    pub fields: Vec<Field>,
    /// How many more there were.
    pub left_out: usize,
}

impl List {
    /// About how many bytes of memory it holds.
    pub fn size(&self) -> usize {
        let sizes = self.fields.iter().map(Field::size);
        sizes.sum()
    }

    /// The value of the first field of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|field| field.name() == name.as_bytes())
            .map(Field::value)
    }
}

/// Why a block cannot be read.
pub type Mistake = &'static str;

const SHORT: Mistake = "it stops in the middle of a field";

impl Decoder {
    /// A decoder for the start of a direction.
    pub fn new() -> Decoder {
        Decoder {
            table: Table::new(FIRST_TABLE),
        }
    }

    /// Reads one whole block.
    ///
    /// # Errors
    /// What is wrong with the block; then this decoder is of no more use.
    pub fn decode(&mut self, block: &[u8]) -> Result<List, Mistake> {
        let mut list = List::default();
        let mut kept = 0;
        let mut rest = block;
        while let Some(first) = rest.first() {
            let before = rest.len();
            let entry = match first.leading_zeros() {
                0 => {
                    let index = integer(&mut rest, 7)?;
                    self.table
                        .get(index)
                        .ok_or("an entry that does not exist")?
                }
                1 => {
                    let entry = self.literal(&mut rest, 6)?;
                    self.table.add(entry.clone());
                    entry
                }
                2 => {
                    let size = usize::try_from(integer(&mut rest, 5)?).unwrap_or(usize::MAX);
                    if size > MAX_TABLE {
                        return Err("it asks for a table of more than 64 KiB");
                    }
                    self.table.resize(size);
                    continue;
                }
                // Not to be remembered, and never to be remembered: the same to a reader.
                _ => self.literal(&mut rest, 4)?,
            };
            let cost = before - rest.len();
            let field = Field { entry, cost };
            if kept + field.size() > MAX_LIST {
                list.left_out += 1;
            } else {
                kept += field.size();
                list.fields.push(field);
            }
        }
        Ok(list)
    }

    /// A name, by number or spelt out, and a value.
    fn literal(&self, rest: &mut &[u8], prefix: u32) -> Result<Entry, Mistake> {
        let name = match integer(rest, prefix)? {
            0 => text(rest)?.into(),
            index => self.table.get(index).ok_or("a name that does not exist")?.0,
        };
        Ok((name, text(rest)?.into()))
    }
}

/// A number whose first `prefix` bits stand in the first byte.
fn integer(rest: &mut &[u8], prefix: u32) -> Result<u64, Mistake> {
    let mask = (1_u64 << prefix) - 1;
    let mut n = u64::from(next(rest)?) & mask;
    if n < mask {
        return Ok(n);
    }
    // Four more bytes are enough for any number that makes sense here.
    for shift in [0, 7, 14, 21] {
        let byte = next(rest)?;
        n += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err("a number that is too big")
}

/// A text, plain or in the Huffman code.
fn text(rest: &mut &[u8]) -> Result<Vec<u8>, Mistake> {
    let coded = rest.first().ok_or(SHORT)? & 0x80 != 0;
    let len = usize::try_from(integer(rest, 7)?).unwrap_or(usize::MAX);
    let (now, after) = rest.split_at_checked(len).ok_or(SHORT)?;
    *rest = after;
    if coded {
        huffman::decode(now)
    } else {
        Ok(now.to_vec())
    }
}

fn next(rest: &mut &[u8]) -> Result<u8, Mistake> {
    let (first, after) = rest.split_first().ok_or(SHORT)?;
    *rest = after;
    Ok(*first)
}

#[cfg(test)]
mod tests;
