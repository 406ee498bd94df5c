//! A question to a name server, by hand: `dig` is not on every machine, and a DNS message is small.
//! Consul answers for names that end in `.consul`, on a port of its own.
//!
//! RFC 1035 is the source: section 4.1 has the message, 4.1.4 the names that point back.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::net::UdpSocket;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const A: u16 = 1;
const SRV: u16 = 33;
const INTERNET: u16 = 1;

/// The type of a DNS question.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Addresses.
    A,
    /// Services: a port, and the name of the machine.
    Srv,
}

/// Asks `server` for `name`. Gives one line for each answer; without one, the words of the code.
pub async fn ask(server: SocketAddr, name: &str, kind: Kind) -> anyhow::Result<Vec<String>> {
    let number = match kind {
        Kind::A => A,
        Kind::Srv => SRV,
    };
    let question = question(name, number)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(server).await?;
    socket.send(&question).await?;
    let mut bytes = [0; 4096];
    let silent = || format!("no name server answers at {server}. A real Consul has one");
    let received = timeout(PATIENCE, socket.recv(&mut bytes)).await;
    let length = received.with_context(silent)?.with_context(silent)?;
    read(&bytes[..length], question.len()).context("the answer breaks off")
}

/// A header with one question: the number 1, "recursion desired", one question and nothing else.
fn question(name: &str, kind: u16) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..64).contains(length));
        bytes.push(length.with_context(|| format!("{label:?} is no part of a name"))?);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&INTERNET.to_be_bytes());
    Ok(bytes)
}

/// None: the message ends in the middle.
fn read(message: &[u8], mut at: usize) -> Option<Vec<String>> {
    let code = message.get(3)? & 15;
    let count = u16_at(message, 6)?;
    let mut lines = Vec::new();
    for _ in 0..count {
        let (name, next) = name_at(message, at)?;
        let (kind, seconds) = (u16_at(message, next)?, u16_at(message, next + 6)?);
        let length = usize::from(u16_at(message, next + 8)?);
        let data = next + 10;
        let value = match (kind, message.get(data..data + length)?) {
            (A, [a, b, c, d]) => format!("A    {}", Ipv4Addr::new(*a, *b, *c, *d)),
            (SRV, _) => {
                let (port, target) = (u16_at(message, data + 4)?, name_at(message, data + 6)?.0);
                format!("SRV  port {port} of {target}")
            }
            _ => format!("type {kind}, {length} bytes"),
        };
        lines.push(format!("{name}  {seconds} s  {value}"));
        at = data + length;
    }
    if lines.is_empty() {
        let words = match code {
            0 => "the name is there, but not with this kind of answer",
            3 => "NXDOMAIN: there is no such name",
            _ => "the server refuses",
        };
        return Some(vec![words.into()]);
    }
    Some(lines)
}

fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    let bytes = message.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// A name, and where it ends. It may end in a pointer to another place of the message; each pointer
/// has to lead further to the front, so that no reply can send us round in circles.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let (mut labels, mut end, mut front) = (Vec::new(), None, message.len());
    loop {
        let length = usize::from(*message.get(at)?);
        match length {
            0 => return Some((labels.join("."), end.unwrap_or(at + 1))),
            1..=63 => {
                let label = message.get(at + 1..at + 1 + length)?;
                labels.push(String::from_utf8_lossy(label).into_owned());
                at += 1 + length;
            }
            _ => {
                end = end.or(Some(at + 2));
                at = usize::from(u16_at(message, at)? & 0x3fff);
                if at >= front {
                    return None;
                }
                front = at;
            }
        }
    }
}
