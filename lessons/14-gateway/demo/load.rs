//! Clients that ask in a loop, as many browsers do.

use std::net::SocketAddr;
use std::time::Duration;

use stage::http::Request;
use stage::load::Load;

/// Starts so many browsers. Each asks, pauses, and asks again.
pub fn start(browsers: usize, pause: Duration, gateway: SocketAddr) -> Load {
    Load::start(browsers, pause, move || hello(gateway))
}

/// `GET /user/say/hello?name=huohuo`: the instance that has answered.
///
/// # Errors
/// What came instead.
pub async fn hello(gateway: SocketAddr) -> Result<String, String> {
    let request = Request::get("/user/say/hello?name=huohuo");
    let answer = request.send(gateway).await;
    let answer = answer.map_err(|error| format!("no answer: {error}"))?;
    let json = answer.json();
    match (answer.status, json["answeredBy"].as_str()) {
        (200, Some(by)) => Ok(by.to_string()),
        (status, _) => {
            let text = answer.text();
            Err(format!(
                "{status} {}",
                json["message"].as_str().unwrap_or(&text)
            ))
        }
    }
}
