//! The page "The phone book": what a Consul on this machine knows.
//!
//! The page asks the runner about once a second; for each question the runner asks Consul, and
//! remembers nothing. Consul is never asked while no page is open, and never changed.
//!
//! Layout: `find` says which Consul, `consul` asks it within limits, `list` joins and bounds what a
//! page gets.

mod consul;
mod find;
mod list;

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

pub use find::local;

/// Reads the first Consul that answers, of the places where one may be; with `named`, only there.
///
/// The JSON has `place` (address, how it was found, `real` or `embedded`; null without a Consul), `tried`
/// (places without an answer, and why) and, of the one that answered, what the file `list.rs` says.
pub async fn read(root: &Path, named: Option<SocketAddr>) -> Value {
    let mut tried = Vec::new();
    for place in find::places(root, named) {
        match consul::read(place.addr).await {
            Ok(book) => {
                let mut answer = list::shown(book);
                answer["place"] = json!(place);
                answer["tried"] = json!(tried);
                return answer;
            }
            Err(why) => {
                let mut place = json!(place);
                place["why"] = json!(why);
                tried.push(place);
            }
        }
    }
    json!({ "place": null, "tried": tried })
}
