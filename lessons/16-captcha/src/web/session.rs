//! The visitor of a request: the session in the cookie, and the address at the other end of the connection.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response};

use super::errors::Problem;
use crate::code;

/// The session of a request.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name, which is all that a browser has to show.
    pub id: String,
    /// The browser does not know it yet, so no visitor can have been let in by it.
    pub fresh: bool,
    /// Another site's page has led here, so the browser has kept its cookie back if it has one.
    pub hidden: bool,
    /// A page of another origin has led here, on this host or elsewhere.
    pub led: bool,
}

impl Session {
    /// That of the cookie, or a new one. Anything that the site cannot have made counts as none.
    ///
    /// # Errors
    /// If there is no randomness for a new one.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let hidden = fetch_site(headers) == Some("cross-site");
        let cookies = headers.get_all(COOKIE).into_iter();
        let mut pairs = cookies
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix("session="));
        let known = pairs.find(|id| id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit()));
        let fresh = known.is_none();
        let id = match known {
            Some(id) => id.to_string(),
            None => code::session().map_err(|_| Problem::Fault)?,
        };
        Ok(Session {
            id,
            fresh,
            hidden,
            led: from_another_origin(headers),
        })
    }

    /// A new session, for a visitor that is let in. A program that has planted or read the old one knows nothing of it.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn renewed() -> Result<Self, Problem> {
        Ok(Session {
            id: code::session().map_err(|_| Problem::Fault)?,
            fresh: true,
            hidden: false,
            led: false,
        })
    }

    /// Lets this session replace the one of the request: its cookie is set when the response leaves.
    pub fn put(self, mut response: Response<Body>) -> Response<Body> {
        response.extensions_mut().insert(self);
        response
    }

    /// Lets the browser keep it, if it has none.
    pub fn give(&self, response: &mut Response<Body>, secure: bool) {
        // A page that another site's link opens comes without its cookie (that is what Strict means).
        // A new one would take the place of the old, and a person who was let in would be out again.
        if !self.fresh || self.hidden {
            return;
        }
        let secure = if secure { "; Secure" } else { "" };
        // No Max-Age: it ends with the browser. What it is worth ends earlier, in the store.
        let line = format!(
            "session={}; Path=/; HttpOnly; SameSite=Strict{secure}",
            self.id
        );
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().append(SET_COOKIE, line);
        }
    }
}

// ANCHOR: foreign
/// Returns whether a page of another origin has sent the request. `SameSite=Strict` alone would not
/// do: it knows no ports, and on one machine every program is the same site. Browsers send `Origin`
/// with every POST; a client that sends none is no browser, and has no cookie of another visitor.
pub fn foreign(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    // To follow a link to the page is all that another site may cause.
    let link = path == "/" && (method == Method::GET || method == Method::HEAD);
    if link {
        return false;
    }
    let text = |name| {
        headers
            .get(name)
            .and_then(|it: &HeaderValue| it.to_str().ok())
    };
    let other_origin = headers.contains_key(ORIGIN) && {
        let host = text(ORIGIN).and_then(|it| it.split_once("://"));
        host.is_none_or(|(_, host)| Some(host) != text(HOST))
    };
    other_origin || from_another_origin(headers)
}
// ANCHOR_END: foreign

/// A site has no port: a page on another port of this host is `same-site`, and its requests carry the cookie.
fn from_another_origin(headers: &HeaderMap) -> bool {
    matches!(fetch_site(headers), Some("cross-site" | "same-site"))
}

fn fetch_site(headers: &HeaderMap) -> Option<&str> {
    headers.get("sec-fetch-site")?.to_str().ok()
}

/// A visitor who asks for a captcha or answers one.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The session.
    pub session: Session,
    /// The address at the other end. What `X-Forwarded-For` says is not believed: each client can write it,
    /// and a limit for each address would limit no client.
    pub address: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Session>().cloned();
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await;
        let ConnectInfo(peer) = peer.map_err(|_| Problem::Fault)?;
        Ok(Visitor {
            session: session.ok_or(Problem::Fault)?,
            address: peer.ip().to_canonical().to_string(),
        })
    }
}
