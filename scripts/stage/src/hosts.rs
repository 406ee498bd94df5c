//! The names of a server, against DNS rebinding. A page of `evil.example` whose name suddenly leads to 127.0.0.1
//! has the browser send its requests to a server on this machine, as requests of the same origin. The `Host`
//! header still says `evil.example`: a server that answers only to its own names refuses them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hyper::header::{HOST, HeaderMap};
use hyper::{Request, StatusCode, Uri};

/// The names that a server answers to.
///
/// Always among them are IP addresses, `localhost` and `*.localhost`, with any port: nobody can lead these to
/// another machine. The operator adds others, such as the name of a container.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    more: Arc<[String]>,
}

impl Hosts {
    /// These names as well, without a port; letters may be large or small. `*` stands for every name.
    pub fn with(names: impl IntoIterator<Item = String>) -> Hosts {
        let more = names.into_iter().map(|name| name.to_ascii_lowercase());
        Hosts {
            more: more.collect(),
        }
    }

    /// Looks at the `Host` header of a request, and at the name in its target, if it has one there.
    ///
    /// A request without either is let through: no browser sends one.
    ///
    /// # Errors
    /// [`Refused::Malformed`] for two headers or one that is no name (RFC 9112, section 3.2), [`Refused::Foreign`]
    /// for a name that is not one of these.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), Refused> {
        self.allow(request.headers(), request.uri())
    }

    fn allow(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refused> {
        let mut given = headers.get_all(HOST).iter();
        let header = match (given.next(), given.next()) {
            (_, Some(_)) => return Err(Refused::Malformed),
            (Some(value), None) => Some(value.to_str().map_err(|_| Refused::Malformed)?),
            (None, None) => None,
        };
        let target = uri.authority().map(|authority| authority.as_str());
        for host in [header, target].into_iter().flatten() {
            let name = name(host).ok_or(Refused::Malformed)?.to_ascii_lowercase();
            if !self.has(&name) {
                return Err(Refused::Foreign(name));
            }
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        let local = name == "localhost" || name.ends_with(".localhost");
        let number = name.parse::<Ipv4Addr>().is_ok() || name.starts_with('[');
        local || number || self.more.iter().any(|more| more == "*" || more == name)
    }
}

/// The name in `name:port`, without the dot that may end it. An IPv6 address keeps its brackets.
fn name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (&host[..address.len() + 2], port)
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let name = name.strip_suffix('.').unwrap_or(name);
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    (digits && !name.is_empty() && name.bytes().all(letters)).then_some(name)
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The header is no name, or there are two.
    Malformed,
    /// This server does not have this name.
    Foreign(String),
}

impl Refused {
    /// 400 Bad Request or 421 Misdirected Request (RFC 9110, section 15.5.20).
    pub fn status(&self) -> StatusCode {
        match self {
            Refused::Malformed => StatusCode::BAD_REQUEST,
            Refused::Foreign(_) => StatusCode::MISDIRECTED_REQUEST,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Malformed => {
                f.write_str("a request has one Host header, with a name and perhaps a port")
            }
            Refused::Foreign(name) => write!(
                f,
                "this server is not called {name}. If it should be, start it with --host {name}"
            ),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(hosts: &Hosts, given: &[&str]) -> Result<(), Refused> {
        let mut request = Request::builder().uri("/");
        for host in given {
            request = request.header(HOST, *host);
        }
        hosts.check(&request.body(()).unwrap())
    }

    #[test]
    fn numbers_and_localhost_are_always_ours() {
        let hosts = Hosts::default();
        for host in [
            "127.0.0.1:8080",
            "10.0.0.3",
            "[::1]:80",
            "LOCALHOST:1",
            "shop.localhost",
            "localhost.:80",
        ] {
            assert_eq!(asked(&hosts, &[host]), Ok(()), "{host}");
        }
        assert_eq!(asked(&hosts, &[]), Ok(()));
    }

    #[test]
    fn another_name_is_refused_until_the_operator_adds_it() {
        for name in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "7f000001.rbndr.us",
        ] {
            let foreign = Err(Refused::Foreign(name.to_string()));
            assert_eq!(
                asked(&Hosts::default(), &[&format!("{name}:8880")]),
                foreign
            );
        }
        let hosts = Hosts::with(["Gateway".to_string()]);
        assert_eq!(asked(&hosts, &["gateway:8080"]), Ok(()));
        assert_eq!(
            asked(&Hosts::with(["*".to_string()]), &["evil.example"]),
            Ok(())
        );
        let words = asked(&hosts, &["evil.example"]).unwrap_err().to_string();
        assert!(words.contains("--host evil.example"), "{words}");
    }

    #[test]
    fn two_headers_or_no_name_are_malformed() {
        let hosts = Hosts::with(["*".to_string()]);
        for given in [
            &["127.0.0.1", "evil.example"][..],
            &[""],
            &["a b"],
            &["[::1"],
            &["[evil]"],
            &["a:b"],
            &["user@127.0.0.1"],
        ] {
            assert_eq!(asked(&hosts, given), Err(Refused::Malformed), "{given:?}");
        }
    }

    #[test]
    fn the_name_in_the_target_counts_as_well() {
        let request = Request::builder()
            .uri("http://evil.example/")
            .header(HOST, "127.0.0.1")
            .body(())
            .unwrap();
        let foreign = Refused::Foreign("evil.example".to_string());
        assert_eq!(Hosts::default().check(&request), Err(foreign));
    }
}
