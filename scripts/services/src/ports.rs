//! Which ports are free, who has those that are not, and whether they live.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use rustix::process::{Pid, test_kill_process};

/// Whether `port` of `ip` can be listened on.
///
/// # Errors
/// Why not: taken, or `ip` is no address of this machine.
pub fn tcp(ip: IpAddr, port: u16) -> io::Result<()> {
    TcpListener::bind((ip, port)).map(drop)
}

/// The same for datagrams.
///
/// # Errors
/// As [`tcp`].
pub fn udp(ip: IpAddr, port: u16) -> io::Result<()> {
    UdpSocket::bind((ip, port)).map(drop)
}

/// The process that listens on `addr`, as far as this user may see it: its number and its name.
/// From `/proc` (proc(5)); on other systems it is not known.
pub fn who_listens(addr: SocketAddr) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inodes: Vec<String> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, addr.port()))
        .collect();
    let mut processes = fs::read_dir("/proc").ok()?.flatten();
    processes.find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let mut open = fs::read_dir(process.path().join("fd")).ok()?.flatten();
        let holds = open.any(|file| {
            fs::read_link(file.path()).is_ok_and(|link| {
                let link = link.to_string_lossy();
                inodes
                    .iter()
                    .any(|inode| *link == format!("socket:[{inode}]"))
            })
        });
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        holds.then(|| (pid, name.trim().to_owned()))
    })
}

/// Whether this process is there and no mere entry in a table that was not read yet. The first of its
/// threads may be such an entry while others still hold files.
pub fn lives(pid: u32) -> bool {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let threads = || fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        return !state.starts_with(['Z', 'X']) || threads() > 1;
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Where there is no /proc; where there is one, the process is not there either.
    pid.is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// The inodes of the sockets in this table that listen on `port`.
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let ending = format!(":{port:04X}");
    let sockets = table.lines().map(|line| line.split_whitespace());
    sockets
        .filter_map(|fields| {
            let fields: Vec<&str> = fields.collect();
            let found = fields.get(1)?.ends_with(&ending) && *fields.get(3)? == LISTEN;
            found.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
        })
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        assert!(tcp(addr.ip(), addr.port()).is_err());
        let (pid, name) = who_listens(addr).unwrap();
        assert_eq!(pid, std::process::id());
        assert!(!name.is_empty());
        drop(listener);
        assert_eq!(who_listens(addr), None);
    }
}
