//! The DNS records of an instance, which any program can write and read.
//!
//! | record | holds |
//! |---|---|
//! | PTR of `_sts._tcp.local.` | the instance's label: its id where that is a plain one, else a digest of it |
//! | SRV of the label | the port, and a host name that only this instance has |
//! | A of that host | the address |
//! | TXT of the label | `txtvers=1`, `id=`, `name=`, `version=`, `ttl=` in milliseconds, `beat=`, and `m.KEY=` for each pair of metadata |
//!
//! The name is not in the label and not in the type: a type has 15 characters at most and a label 63
//! bytes, in which upper and lower case are the same. A string of TXT has 255 bytes, and any of them. So
//! what callers ask for is compared with TXT, byte by byte.
//!
//! `ttl` and `beat` are ours. DNS has a time to live in each record, but mdns-sd gives all services 75
//! minutes. So the owner says how long one announcement is good for, and each has another `beat`, so that
//! it is news to those who listen. Who does without them is held for as long as DNS says.
//!
//! Sources: RFC 6762, RFC 6763 sections 4.1 (names), 6 (TXT), 7 (types).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mdns_sd::{ResolvedService, ServiceInfo};
use sha2::{Digest, Sha256};

use crate::registries::bounds;
use crate::registry::{Error, Instance};

/// The type of all our services. (It is not registered with IANA: nothing here leaves the machine.)
pub const TYPE: &str = "_sts._tcp.local.";
/// Bytes of a TXT string, with its key and the `=`.
const STRING: usize = 255;
/// Bytes of a whole TXT record: so that all records of an instance go into one packet on any network.
const RECORD: usize = 1300;
/// Characters of an id that becomes a label as it is. The host's name is longer by 9, and ends at 63.
const PLAIN: usize = 54;

/// The label of an instance. Different ids have different ones, in any case.
pub fn label(id: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if !id.is_empty() && id.len() <= PLAIN && !id.starts_with("x-") && id.bytes().all(plain) {
        return id.to_owned();
    }
    let digest = Sha256::digest(id.as_bytes());
    let mut label = String::from("x-");
    for byte in &digest[..16] {
        // Writing into a string does not fail.
        _ = write!(label, "{byte:02x}");
    }
    label
}

/// All the records of an instance, for an announcement that is good for `ttl`.
///
/// # Errors
/// [`Error::Invalid`]: something does not fit.
pub fn announcement(instance: &Instance, ttl: Duration) -> Result<ServiceInfo, Error> {
    bounds::check(instance)?;
    bounds::ttl(ttl)?;
    let IpAddr::V4(address) = instance.addr.ip() else {
        return Err(Error::Invalid(format!(
            "{} is not announced: mDNS speaks IPv4 here",
            instance.addr
        )));
    };
    let beat = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut strings = vec![
        ("txtvers".to_owned(), "1".to_owned()),
        ("id".to_owned(), instance.id.clone()),
        ("name".to_owned(), instance.name.clone()),
        ("version".to_owned(), instance.version.clone()),
        ("ttl".to_owned(), ttl.as_millis().max(1).to_string()),
        ("beat".to_owned(), beat.as_nanos().to_string()),
    ];
    let mut keys = BTreeSet::new();
    let lower = instance.metadata.keys().map(|key| key.to_ascii_lowercase());
    if let Some(key) = lower.into_iter().find(|key| !keys.insert(key.clone())) {
        return Err(Error::Invalid(format!(
            "two keys of metadata are {key:?} but for upper and lower case, which DNS does not tell apart"
        )));
    }
    for (key, value) in &instance.metadata {
        let printable = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
        if key.is_empty() || !key.bytes().all(printable) {
            return Err(Error::Invalid(format!(
                "{key:?} cannot be a key in DNS: one or more printable ASCII characters, and not ="
            )));
        }
        strings.push((format!("m.{key}"), value.clone()));
    }
    let mut all = 0;
    for (key, value) in &strings {
        let bytes = key.len() + 1 + value.len();
        if bytes > STRING {
            return Err(Error::Invalid(format!(
                "{key}= with {bytes} bytes does not fit into a string of TXT: at most {STRING}"
            )));
        }
        all += 1 + bytes;
    }
    if all > RECORD {
        return Err(Error::Invalid(format!(
            "the id, name, version and metadata are {all} bytes of TXT: at most {RECORD}"
        )));
    }
    let label = label(&instance.id);
    // A host name for each: a goodbye removes its address records too.
    let host = format!("{label}-{:08x}.local.", u32::from(address));
    let mut info = ServiceInfo::new(
        TYPE,
        &label,
        &host,
        IpAddr::V4(address),
        instance.addr.port(),
        &strings[..],
    )
    .map_err(|why| Error::Invalid(why.to_string()))?;
    // Asking first whether another host has the name takes 0.75 s for every change of TXT, and so for every
    // beat. Ids are unique by what they are.
    info.set_requires_probe(false);
    Ok(info)
}

/// Reads the instance that another host has announced, and for how long it is valid if its owner
/// says so.
///
/// # Errors
/// What is wrong with it. This is from the network: anything can be.
pub fn heard(service: &ResolvedService) -> Result<(Instance, Option<Duration>), String> {
    let properties = &service.txt_properties;
    let text = |key: &str| match properties.get(key) {
        None => Ok(None),
        Some(property) => String::from_utf8(property.val().unwrap_or_default().to_vec())
            .map(Some)
            .map_err(|_| format!("{key}= is not UTF-8")),
    };
    let addresses = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
    let addresses = addresses.filter_map(|address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    let address: Ipv4Addr = addresses.min().ok_or("it has no IPv4 address")?;
    let mut metadata = BTreeMap::new();
    for property in properties.iter() {
        if let Some(key) = property.key().strip_prefix("m.") {
            let value = text(property.key())?.unwrap_or_default();
            metadata.insert(key.to_owned(), value);
        }
    }
    let instance = Instance {
        id: text("id")?.ok_or("it has no id=")?,
        name: text("name")?.ok_or("it has no name=")?,
        version: text("version")?.unwrap_or_default(),
        addr: SocketAddr::from((address, service.port)),
        metadata,
    };
    bounds::check(&instance).map_err(|why| why.to_string())?;
    let ttl = match text("ttl")? {
        None => None,
        Some(ttl) => {
            let milliseconds = ttl
                .parse()
                .map_err(|_| format!("ttl={ttl:?} is no number"))?;
            let ttl = Duration::from_millis(milliseconds);
            bounds::ttl(ttl).map_err(|why| why.to_string())?;
            Some(ttl)
        }
    };
    Ok((instance, ttl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_id_or_a_digest() {
        assert_eq!(label("user-1"), "user-1");
        let odd = [
            "",
            "A",
            "a",
            "a.b",
            "a b",
            "x-1",
            "ä",
            &"y".repeat(55),
            &"y".repeat(56),
        ];
        let mut labels: Vec<_> = odd.iter().map(|id| label(id).to_lowercase()).collect();
        assert!(
            labels.iter().all(|label| label.len() <= PLAIN),
            "{labels:?}"
        );
        labels.sort();
        labels.dedup();
        assert_eq!(
            labels.len(),
            odd.len(),
            "two ids have one label: {labels:?}"
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let instance = Instance {
            id: "one".into(),
            name: "user".into(),
            version: String::new(),
            addr: "127.0.0.1:1".parse().unwrap(),
            metadata: [("a".into(), "v".repeat(252))].into(),
        };
        let ttl = Duration::from_secs(1);
        let words = |metadata: &[(&str, usize)]| {
            let pairs = metadata
                .iter()
                .map(|&(key, bytes)| (key.to_owned(), "v".repeat(bytes)));
            let instance = Instance {
                metadata: pairs.collect(),
                ..instance.clone()
            };
            announcement(&instance, ttl)
                .map(drop)
                .map_err(|why| why.to_string())
        };
        words(&[("a", 251)]).unwrap();
        assert!(words(&[("a", 252)]).unwrap_err().contains("m.a="));
        let many = [("a", 250), ("b", 250), ("c", 250), ("d", 250), ("e", 250)];
        assert!(words(&many).unwrap_err().contains("1300"));
        assert!(words(&[("a=", 1)]).unwrap_err().contains("\"a=\""));
        assert!(
            words(&[("Key", 1), ("key", 1)])
                .unwrap_err()
                .contains("key")
        );
    }
}
