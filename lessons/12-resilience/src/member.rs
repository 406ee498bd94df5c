//! A member: an instance that can be called. Selectors choose from members; a registry or an option lists them.

use std::net::SocketAddr;

/// An instance of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// Its id: the same as long as it is the same instance, and no other has it.
    pub id: String,
    /// Where it is called.
    pub addr: SocketAddr,
    /// How many calls it gets compared with the others, if the selector is `weighted`; 0 gets none as long
    /// as another member has more.
    pub weight: u32,
}

impl Member {
    /// Makes a member of weight 1.
    pub fn new(id: impl Into<String>, addr: SocketAddr) -> Self {
        Member {
            id: id.into(),
            addr,
            weight: 1,
        }
    }

    /// Sets another weight.
    pub fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }
}
