//! What the real servers need to be started beside each other: folders and ports that no other program has.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// A new folder for one process of `server`.
pub(crate) fn folder(server: &str) -> io::Result<PathBuf> {
    let name = format!("{server}-{}-{:x}", std::process::id(), random());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A port of 127.0.0.1 that is free now, for TCP and UDP, between 20000 and 30000. For programs that
/// cannot be told to take any free port itself, as port 0 does: the ports that the system gives to
/// every connection lie elsewhere, so none of those comes between this look and the use.
pub fn free_port() -> io::Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    // One row for the whole process: no port is given twice to one that asks for several.
    static START: LazyLock<u16> =
        LazyLock::new(|| u16::try_from(random() % u64::from(COUNT)).unwrap_or(0));
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let addr = (Ipv4Addr::LOCALHOST, FIRST + (*START + step) % COUNT);
        if TcpListener::bind(addr).is_ok() && UdpSocket::bind(addr).is_ok() {
            return Ok(addr.1);
        }
    }
    Err(io::Error::other(
        "no free port between 20000 and 30000 of 127.0.0.1",
    ))
}
