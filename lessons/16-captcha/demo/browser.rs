//! A browser as plain as can be: one connection that stays, and a cookie. For the soak, the attacks and the tests,
//! which want to see every byte of an answer; so nothing here hides any.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;
use stage::http::{Answer, Request, Session};

/// How long an answer may take.
const LONGEST: Duration = Duration::from_secs(30);

/// No body is longer, in bytes.
const BODY: usize = 4 << 20;

/// An answer of the site: status, headers and body.
#[derive(Clone, Debug)]
pub struct Reply(Answer);

impl Deref for Reply {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.0
    }
}

impl Reply {
    /// Returns the result that the site reports: "0" is success; `None` if this is no answer of the
    /// site.
    pub fn errno(&self) -> Option<String> {
        self.json()["errno"].as_str().map(str::to_string)
    }
}

/// A person with a browser.
#[derive(Debug)]
pub struct Browser {
    site: SocketAddr,
    /// `NAME=VALUE` of the cookie that the site has set last.
    cookie: Option<String>,
    session: Session,
}

impl Browser {
    /// Makes a browser without a cookie.
    pub fn new(site: SocketAddr) -> Self {
        Browser {
            site,
            cookie: None,
            session: Session::new(site),
        }
    }

    /// The value of the cookie `session`, if the site has set one.
    pub fn session(&self) -> Option<&str> {
        self.cookie.as_deref()?.strip_prefix("session=")
    }

    /// Forgets who it is. The connection stays.
    pub fn forget(&mut self) {
        self.cookie = None;
    }

    /// Returns a browser with the same cookie, on a connection of its own.
    pub fn in_another_window(&self) -> Self {
        Browser {
            site: self.site,
            cookie: self.cookie.clone(),
            session: Session::new(self.site),
        }
    }

    /// Takes over the cookie of a window of the same person: one of them may have been let in, with a new session.
    pub fn share(&mut self, other: &Browser, before: Option<&str>) {
        if other.session() != before {
            self.cookie.clone_from(&other.cookie);
        }
    }

    /// `GET`.
    ///
    /// # Errors
    /// If no program listens, the connection breaks, or what comes back is not HTTP.
    pub async fn get(&mut self, target: &str) -> io::Result<Reply> {
        self.send(Request::get(target)).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// As for [`Browser::get`].
    pub async fn post(&mut self, target: &str, json: &Value) -> io::Result<Reply> {
        self.send(self.of_page(Request::post_json(target, json.to_string())))
            .await
    }

    /// `POST` of a form.
    ///
    /// # Errors
    /// As for [`Browser::get`].
    pub async fn form(&mut self, target: &str, form: &str) -> io::Result<Reply> {
        let request = Request::new("POST", target).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(self.of_page(request)).await
    }

    /// A browser tells where the page comes from that sends something.
    fn of_page(&self, request: Request) -> Request {
        request.header("origin", format!("http://{}", self.site))
    }

    async fn send(&mut self, mut request: Request) -> io::Result<Reply> {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.within(LONGEST).at_most(BODY);
        let reply = self.session.send(&request).await?;
        for (name, value) in &reply.headers {
            let value = value.split(';').next().unwrap_or_default();
            if name == "set-cookie" && value.starts_with("session=") {
                self.cookie = Some(value.to_string());
            }
        }
        Ok(Reply(reply))
    }
}
