//! Where the machines are. Without privileges a machine is an address of 127/8; with them, a network namespace.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The names of the three machines.
pub const MACHINES: [&str; 3] = ["one", "two", "three"];

/// The name of the machine with Envoy, which visitors reach.
pub const FRONT: &str = "front";

/// The port on which Envoy accepts requests.
pub const PROXY: u16 = 8080;

// ANCHOR: network
/// The network of the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Addresses of this machine: 127.N.1.1, 127.N.2.1 and so on. Several sites with different numbers fit beside each other.
    Loopback(u8),
    /// A network namespace for each machine, with a cable that can be cut.
    Namespaces,
}

impl Network {
    /// The address of a machine: 0 to 2, and 3 for the front.
    pub fn ip(self, machine: usize) -> IpAddr {
        let number = u8::try_from(machine + 1).unwrap_or(u8::MAX);
        IpAddr::V4(match self {
            Network::Loopback(net) => Ipv4Addr::new(127, net, number, 1),
            Network::Namespaces => Ipv4Addr::new(10, 77, 0, number),
        })
    }

    /// Returns the addresses of one port on all three machines.
    pub fn all(self, port: u16) -> [SocketAddr; 3] {
        [0, 1, 2].map(|machine| SocketAddr::new(self.ip(machine), port))
    }

    /// Returns the address of the reverse proxy, which visitors use.
    pub fn proxy(self) -> SocketAddr {
        SocketAddr::new(self.ip(MACHINES.len()), PROXY)
    }
}
// ANCHOR_END: network

/// The namespace of a machine.
pub fn namespace(machine: usize) -> String {
    format!("workbook-{}", MACHINES[machine])
}
