//! The registries. Only this file names them all: services and callers have an `Arc<dyn Registry>`, and cannot tell
//! which one it is.
//!
//! | registry | how callers hear of a change | when the network breaks | what it needs |
//! |---|---|---|---|
//! | [`memory`] | pushed, at once | cannot | one process |
//! | [`consul`] | pulled: an answer is held back until something changes | to register needs a leader; what an agent knows can be asked for (CP) | an agent on each machine, and servers |
//! | [`etcd`] | pushed, and made up for after a pause | without a majority nothing is told or taken (CP) | one server, or three of which one may fail |
//! | [`mdns`] | pushed: announced to all who listen | every side knows its own (AP) | multicast: one network, or one machine |
//! | [`gossip`] | pushed, from neighbour to neighbour | every side knows its own (AP) | the address of one neighbour |
//!
//! # Layout
//!
//! * [`memory`], [`mdns`], [`gossip`], [`consul`], [`etcd`]: one registry a file.
//! * [`bounds`]: how big an instance may be, for all of them.
//! * `table`: what the registries without a server keep: the instances, their time to live, and the watches.

pub mod consul;
pub mod memory;

#[cfg(feature = "etcd")]
pub use crate::extra::registries::etcd;
#[cfg(feature = "gossip")]
pub use crate::extra::registries::gossip;
pub use crate::extra::registries::{bounds, mdns, table};

use crate::registry::{Error, Registry};

/// A registry by its name, as `--registry` takes it, before its `init`.
///
/// # Errors
/// [`Error::Invalid`] if there is none of this name, with the names that there are.
pub fn named(name: &str) -> Result<Box<dyn Registry>, Error> {
    Ok(match name {
        "memory" => Box::new(memory::Memory::new()),
        "mdns" => Box::new(mdns::Mdns::new()),
        "consul" => Box::new(consul::Consul::new()),
        #[cfg(feature = "etcd")]
        "etcd" => Box::new(etcd::Etcd::new()),
        #[cfg(feature = "gossip")]
        "gossip" => Box::new(gossip::Gossip::new()),
        _ => {
            return Err(Error::Invalid(format!(
                "no registry is called {name:?}; there are {}",
                NAMES.join(", ")
            )));
        }
    })
}

/// All names that [`named`] knows: those of the registries that this program was built with.
pub const NAMES: &[&str] = &[
    "memory",
    "mdns",
    "consul",
    #[cfg(feature = "etcd")]
    "etcd",
    #[cfg(feature = "gossip")]
    "gossip",
];
