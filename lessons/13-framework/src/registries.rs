//! The registries that there are. Code that makes one names it here and nowhere else: whoever uses it has
//! an `Arc<dyn Registry>`, and cannot tell which one it is.
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
//! * `table`: what the registries without a server keep: the instances, their time to live, and who wants
//!   to hear of changes.

pub mod bounds;
pub mod consul;
mod escape;
pub mod etcd;
pub mod gossip;
pub mod mdns;
pub mod memory;
mod table;

use crate::registry::{Error, Registry};

/// A registry by its name, as `--registry` takes it, before its `init`.
///
/// # Errors
/// [`Error::Invalid`], with the names that there are.
pub fn named(name: &str) -> Result<Box<dyn Registry>, Error> {
    Ok(match name {
        "memory" => Box::new(memory::Memory::new()),
        "mdns" => Box::new(mdns::Mdns::new()),
        "consul" => Box::new(consul::Consul::new()),
        "etcd" => Box::new(etcd::Etcd::new()),
        "gossip" => Box::new(gossip::Gossip::new()),
        _ => {
            return Err(Error::Invalid(format!(
                "no registry is called {name:?}; there are {}",
                NAMES.join(", ")
            )));
        }
    })
}

/// All names that [`named`] knows.
pub const NAMES: [&str; 5] = ["memory", "mdns", "consul", "etcd", "gossip"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_called_what_it_is_named() {
        for name in NAMES {
            assert_eq!(named(name).unwrap().name(), name);
        }
        let words = named("zookeeper").unwrap_err().to_string();
        for name in NAMES {
            assert!(words.contains(name), "{words}");
        }
    }
}
