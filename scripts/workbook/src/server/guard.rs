//! Refuses requests that do not come from our own pages or from the learner's own programs.

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Request, StatusCode};

use crate::words::book as words;

/// Carries the token of a run.
const TOKEN: HeaderName = HeaderName::from_static("x-workbook-token");
/// The browser's own word about where a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is refused.
pub type Refusal = (StatusCode, &'static str);

/// Checks where any request goes to and comes from. `path` is its path, decoded: the one by which it is answered.
pub fn local<B>(request: &Request<B>, path: &str, port: u16) -> Result<(), Refusal> {
    let headers = request.headers();
    // Exactly one: two readers of a request with two Hosts may believe different ones.
    let host = only(headers, &HOST)
        .filter(|host| is_ours(host, port))
        .filter(|_| {
            let named = request.uri().authority();
            named.is_none_or(|authority| is_ours(authority.as_str(), port))
        })
        .ok_or((StatusCode::MISDIRECTED_REQUEST, words::FOREIGN_HOST))?;
    if headers.contains_key(ORIGIN) {
        only(headers, &ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .filter(|origin| origin.eq_ignore_ascii_case(host))
            .ok_or((StatusCode::FORBIDDEN, words::FOREIGN_ORIGIN))?;
    }
    // A page may be reached by a link from anywhere; what is behind it, only from the page.
    let cross = headers
        .get(SITE)
        .is_some_and(|site| site == "cross-site" || site == "same-site");
    if cross && path.starts_with("/workbook/") {
        return Err((StatusCode::FORBIDDEN, words::FOREIGN_ORIGIN));
    }
    Ok(())
}

/// Checks the token of a request that acts.
pub fn knows_token(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    only(headers, &TOKEN)
        .filter(|given| same(given, token))
        .map(|_| ())
        .ok_or((StatusCode::FORBIDDEN, words::NO_TOKEN))
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn is_ours(host: &str, port: u16) -> bool {
    host.rsplit_once(':').is_some_and(|(name, given)| {
        let known = ["127.0.0.1", "localhost", "[::1]"];
        given == port.to_string() && known.iter().any(|ours| name.eq_ignore_ascii_case(ours))
    })
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    let pairs = a.bytes().zip(b.bytes());
    let differences = pairs.fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::html::percent_decoded;

    fn answer(headers: &[(&str, &str)], uri: &str) -> u16 {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let path = percent_decoded(request.uri().path()).expect("a path");
        local(&request, &path, 3000).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in "127.0.0.1:3000 localhost:3000 LOCALHOST:3000 [::1]:3000".split(' ') {
            assert_eq!(answer(&[("host", host)], "/"), 200, "{host}");
        }
        let foreign =
            "evil.example:3000 127.0.0.1 127.0.0.1:80 127.0.0.1:3000.evil localhost:3000@x";
        for host in foreign.split(' ').chain([""]) {
            assert_eq!(answer(&[("host", host)], "/"), 421, "{host}");
        }
        assert_eq!(answer(&[], "/"), 421);
        assert_eq!(
            answer(&[("host", "localhost:3000"), ("host", "evil.example")], "/"),
            421
        );
        assert_eq!(
            answer(&[("host", "localhost:3000")], "http://evil.example/"),
            421
        );
    }

    #[test]
    fn an_origin_must_be_the_page_itself() {
        let with = |origin: &str| answer(&[("host", "localhost:3000"), ("origin", origin)], "/");
        assert_eq!(with("http://localhost:3000"), 200);
        let foreign = "http://evil.example null https://localhost:3000 http://127.0.0.1:3000";
        for origin in foreign.split(' ').chain([""]) {
            assert_eq!(with(origin), 403, "{origin}");
        }
    }

    #[test]
    fn another_site_may_link_to_a_page_and_do_nothing_else() {
        let with = |uri: &str| {
            answer(
                &[("host", "localhost:3000"), ("sec-fetch-site", "cross-site")],
                uri,
            )
        };
        assert_eq!(with("/01-tcp.html"), 200);
        assert_eq!(with("/workbook/state"), 403);
        // The attack: a letter is spelled as its number, and the route is the same.
        assert_eq!(with("/%77orkbook/state"), 403);
        assert_eq!(with("/workbook%2Fevents"), 403);
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("ab", "abc") && !same("", "abc"));
    }
}
