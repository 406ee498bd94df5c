//! An instance as etcd stores it: the key `/micro/registry/NAME/ID`, the value in JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::extra::registries::escape::{escape, unescape};
use crate::registry::{Error, Instance};

const ROOT: &str = "/micro/registry/";
const MARK: u8 = b'%';

/// What is in the key is not said again.
#[derive(Serialize, Deserialize)]
struct Value {
    addr: SocketAddr,
    #[serde(default)]
    version: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Returns the prefix of all keys of a service, and of no others: the slash at the end keeps `user`
/// and `user2` apart. Without a name: all services.
pub fn prefix(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{ROOT}{}/", word(name)),
        None => ROOT.to_owned(),
    }
}

/// The key of an instance.
pub fn key(instance: &Instance) -> String {
    format!("{}{}", prefix(Some(&instance.name)), word(&instance.id))
}

/// Name and id, from a key; `None` if [`key`] has not made it.
pub fn read(key: &[u8]) -> Option<(String, String)> {
    let key = std::str::from_utf8(key).ok()?;
    let (name, id) = key.strip_prefix(ROOT)?.split_once('/')?;
    Some((unescape(name, MARK)?, unescape(id, MARK)?))
}

/// The value of an instance.
pub fn value(instance: &Instance) -> Result<Vec<u8>, Error> {
    let value = Value {
        addr: instance.addr,
        version: instance.version.clone(),
        metadata: instance.metadata.clone(),
    };
    serde_json::to_vec(&value).map_err(|error| Error::Invalid(error.to_string()))
}

/// The instance of a key and its value; `None` if it is none of ours.
pub fn instance(key: &[u8], value: &[u8]) -> Option<Instance> {
    let (name, id) = read(key)?;
    let value: Value = serde_json::from_slice(value).ok()?;
    Some(Instance {
        id,
        name,
        version: value.version,
        addr: value.addr,
        metadata: value.metadata,
    })
}

/// A slash would end the word. The rest that is escaped is what people cannot type into `etcdctl`.
fn word(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    escape(text, MARK, safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_comes_back_from_its_key_and_value() {
        let instance = Instance {
            id: "a/b %".into(),
            name: "go.micro.srv.user".into(),
            version: "1.0.0".into(),
            addr: "127.0.0.1:80".parse().unwrap(),
            metadata: [("weight".to_string(), "2".to_string())].into(),
        };
        let (key, value) = (key(&instance), value(&instance).unwrap());
        assert_eq!(key, "/micro/registry/go.micro.srv.user/a%2Fb%20%25");
        assert_eq!(super::instance(key.as_bytes(), &value), Some(instance));
        assert_eq!(super::instance(key.as_bytes(), b"hello"), None);
        assert_eq!(read(b"/micro/registry/user"), None);
    }
}
