//! Which Consul the phone book shows.
//!
//! The one that the page names; else the one that `cargo workbook services up` has started, else
//! what `CONSUL_HTTP_ADDR` says, else Consul's own default. Always on this machine: a page that
//! could make the runner talk to other hosts would be a way through the learner's firewall.

use std::collections::HashSet;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Where the services of the workbook write down what they run, below the course's folder.
const FOLDER: &str = "target/services";
/// Another such folder, for them and for us.
const FOLDER_VARIABLE: &str = "WORKBOOK_SERVICES_STATE";
/// Which Consul they run.
const FILE: &str = "consul.json";
/// It has about 80 bytes.
const FILE_SIZE: u64 = 64 * 1024;
/// Consul's own variable.
const VARIABLE: &str = "CONSUL_HTTP_ADDR";
/// The port of a Consul that was not told another one.
const PORT: u16 = 8500;
/// For tests, on machines where somebody's Consul has that port: another one.
const PORT_VARIABLE: &str = "WORKBOOK_PHONE_PORT";

/// How we came to look there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The learner named it on the page.
    Page,
    /// `cargo workbook services` runs it.
    Services,
    /// `CONSUL_HTTP_ADDR` names it.
    Environment,
    /// It is where a Consul is by default.
    Default,
}

/// A place where a Consul may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its HTTP API.
    pub addr: SocketAddr,
    /// How we came to look there.
    pub source: Source,
    /// `real` or `embedded`, if we know.
    pub side: Option<&'static str>,
}

/// What the services write down. There is more in it.
#[derive(Deserialize)]
struct Noted {
    addr: String,
    #[serde(default)]
    side: String,
}

/// The places to look at, in order, each once. `named` is what the page asks for.
pub fn places(root: &Path, named: Option<SocketAddr>) -> Vec<Place> {
    let noted = noted(root);
    let place = |addr, source| Place {
        addr,
        source,
        side: noted
            .as_ref()
            .filter(|noted| noted.addr == addr)
            .and_then(|noted| noted.side),
    };
    if let Some(addr) = named {
        return vec![place(addr, Source::Page)];
    }
    let mut places: Vec<Place> = noted.clone().into_iter().collect();
    let variable = std::env::var(VARIABLE).ok();
    if let Some(addr) = variable.as_deref().and_then(local) {
        places.push(place(addr, Source::Environment));
    }
    let port = std::env::var(PORT_VARIABLE).ok();
    let port = port.and_then(|text| text.parse().ok()).unwrap_or(PORT);
    places.push(place((Ipv4Addr::LOCALHOST, port).into(), Source::Default));
    let mut seen = HashSet::new();
    places.retain(|place| seen.insert(place.addr));
    places
}

/// The Consul of `cargo workbook services`, if there is one.
fn noted(root: &Path) -> Option<Place> {
    let folder = std::env::var_os(FOLDER_VARIABLE).unwrap_or_else(|| FOLDER.into());
    let file = std::fs::File::open(root.join(folder).join(FILE)).ok()?;
    let mut text = String::new();
    file.take(FILE_SIZE).read_to_string(&mut text).ok()?;
    let noted: Noted = serde_json::from_str(&text).ok()?;
    Some(Place {
        addr: local(&noted.addr)?,
        source: Source::Services,
        side: match noted.side.as_str() {
            "real" => Some("real"),
            "embedded" => Some("embedded"),
            _ => None,
        },
    })
}

/// An address of this machine: `127.x.y.z:port`, `localhost:port`, or a port alone; a URL's
/// `http://` and last slash do not matter. `None` for any other.
pub fn local(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let text = text.strip_prefix("http://").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    let host = match host {
        "localhost" => Ipv4Addr::LOCALHOST,
        host => host.parse().ok()?,
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port > 0)?;
    host.is_loopback()
        .then_some(SocketAddrV4::new(host, port).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine() {
        let good = |text: &str| local(text).map(|addr| addr.to_string());
        for text in [
            "127.0.0.1:8500",
            "http://127.0.0.1:8500/",
            "localhost:8500",
            " 8500 ",
        ] {
            assert_eq!(good(text).as_deref(), Some("127.0.0.1:8500"), "{text}");
        }
        assert_eq!(good("127.9.8.7:1").as_deref(), Some("127.9.8.7:1"));
        let ports = ": :8500x 0 127.0.0.1:0 127.0.0.1:+80 127.0.0.1:65536";
        let hosts = "128.0.0.1:80 0.0.0.0:8500 10.0.0.1:8500 169.254.169.254:80 192.168.1.1:8500 \
                     evil.example:8500 localhost.evil.example:8500 127.0.0.1@evil.example:8500";
        let forms = "[::1]:8500 [::ffff:10.0.0.1]:80 127.1:8500 2130706433:8500 0177.0.0.1:8500 \
                     127.0.0.1:8500/v1/agent/leave https://127.0.0.1:8500 unix:///tmp/consul.sock";
        let words = [ports, hosts, forms]
            .into_iter()
            .flat_map(|all| all.split(' '));
        for text in words.chain(["", "127.0.0.1:80\r\nX: y"]) {
            assert_eq!(good(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_services_wrote_down_comes_first() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = |dir: &Path| places(dir, None)[0].clone();
        assert_ne!(first(dir.path()).source, Source::Services);
        let folder = dir.path().join("target/services");
        std::fs::create_dir_all(&folder).expect("made");
        let write = |text: &str| std::fs::write(folder.join("consul.json"), text).expect("written");
        write(r#"{"addr":"127.0.0.1:4321","side":"embedded","pid":7,"version":"1.8.7"}"#);
        let place = first(dir.path());
        assert_eq!(place.addr.port(), 4321);
        assert_eq!(
            (place.source, place.side),
            (Source::Services, Some("embedded"))
        );
        for text in [
            "",
            "{",
            "[]",
            r#"{"addr":"10.0.0.1:8500"}"#,
            r#"{"addr":7}"#,
        ] {
            write(text);
            assert_ne!(first(dir.path()).source, Source::Services, "{text}");
        }
        let named = local("127.0.0.1:9");
        assert_eq!(places(dir.path(), named).len(), 1);
    }
}
