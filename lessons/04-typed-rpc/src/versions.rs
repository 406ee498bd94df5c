//! Two programs that both compile, and do not agree. A programmer has sorted the fields of a struct,
//! which is good style and changes nothing in this program. On the wire the fields have no names,
//! only an order, and the other program was compiled last year.

use crate::contract;
use crate::error::Error;

// ANCHOR: v1
/// As it was when the client was compiled.
pub mod v1 {
    /// A panda on the scales.
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
            /// By the panda's name.
            async fn measure(name: String) -> Measures = "Measure";
        }
    }
}
// ANCHOR_END: v1

// ANCHOR: v2
/// The fields in order of the alphabet.
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
        /// By the panda's name.
        async fn measure(name: String) -> Measures = "Measure";
    }
}
// ANCHOR_END: v2

/// The one panda that was ever measured: 170 cm, 110 kg.
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
