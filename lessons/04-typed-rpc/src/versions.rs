//! Two programs that both compile and read each other's values wrongly. The fields of a struct were
//! sorted, which changes nothing in this program. On the wire the fields have no names, only an order, and
//! the other program was compiled last year.

use crate::contract;
use crate::error::Error;

// ANCHOR: v1
/// The contract as it was when the client was compiled.
pub mod v1 {
    /// The measures of a panda.
    #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    pub struct Measures {
        /// In kg.
        pub weight: u32,
        /// In cm.
        pub height: u32,
    }

    crate::contract! {
        /// Measures pandas.
        pub trait Scales = "scales", scales_server, ScalesClient {
            /// The measures of the panda with this name.
            async fn measure(name: String) -> Measures = "Measure";
        }
    }
}
// ANCHOR_END: v1

// ANCHOR: v2
/// The measures of the other program, with the fields in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Measures {
    /// In cm.
    pub height: u32,
    /// In kg.
    pub weight: u32,
}

contract! {
    /// Measures pandas.
    pub trait Scales = "scales", scales_server, ScalesClient {
        /// The measures of the panda with this name.
        async fn measure(name: String) -> Measures = "Measure";
    }
}
// ANCHOR_END: v2

/// An implementation with one panda: 170 cm, 110 kg.
#[derive(Clone, Copy, Debug)]
pub struct OnePanda;

impl Scales for OnePanda {
    async fn measure(&self, name: String) -> Result<Measures, Error> {
        if name.is_empty() {
            return Err(Error::method("a panda without a name"));
        }
        Ok(Measures {
            height: 170,
            weight: 110,
        })
    }
}
