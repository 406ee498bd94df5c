//! belief: unknown-means-the-end
//! words: New fields come last, so nothing I know comes behind them.
//! check: fields_come_in_any_order
//! says: behind

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub station: String,
    pub pressure: u32,
    pub wind: Vec<u32>,
    pub at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    Cut,
    NotText,
    WireType(u64),
}

pub fn decode(mut bytes: &[u8]) -> Result<Reading, Bad> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match (tag >> 3, tag & 0b111) {
            (1, 2) => {
                let length = varint(&mut bytes)?;
                let text = take(&mut bytes, length)?;
                let text = std::str::from_utf8(text).map_err(|_| Bad::NotText)?;
                reading.station = text.to_string();
            }
            (2, 0) => reading.pressure = low(varint(&mut bytes)?),
            (4, 0) => reading.wind.push(low(varint(&mut bytes)?)),
            (4, 2) => {
                let length = varint(&mut bytes)?;
                let mut list = take(&mut bytes, length)?;
                while !list.is_empty() {
                    reading.wind.push(low(varint(&mut list)?));
                }
            }
            (5, 5) => {
                let at = take(&mut bytes, 4)?;
                reading.at = u32::from_le_bytes(at.try_into().map_err(|_| Bad::Cut)?);
            }
            (_, 0 | 1 | 2 | 5) => break,
            (_, wire_type) => return Err(Bad::WireType(wire_type)),
        }
    }
    Ok(reading)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Bad> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(bytes, 1)? else {
            return Err(Bad::Cut);
        };
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Bad::Cut)
}

fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Bad> {
    let count = usize::try_from(count).map_err(|_| Bad::Cut)?;
    let (taken, rest) = bytes.split_at_checked(count).ok_or(Bad::Cut)?;
    *bytes = rest;
    Ok(taken)
}

fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
