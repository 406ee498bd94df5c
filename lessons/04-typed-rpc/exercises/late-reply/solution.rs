//! A timeout ends the wait, and not the call: the reply may still come, and the next caller would take it for its
//! own. The bytes carry no request number, so the position in the stream says which reply is which. Once a reply is
//! missing, that position is unknown. So the connection is taken out for each request, and put back only after a whole
//! reply; without one it is dropped, which closes it. `unknown` is a whole reply, so the connection goes on.

use std::net::TcpStream;
use std::time::Duration;

// Given in given.rs, beside this file: `Shop`, `ShopError`, `Connection`.
pub use super::given::*;

/// Implements `Shop` by calling a server over TCP.
pub struct ShopClient {
    /// `None` once a reply was missing.
    connection: Option<Connection>,
}

impl ShopClient {
    pub fn new(stream: TcpStream, timeout: Duration) -> Self {
        ShopClient {
            connection: Some(Connection::new(stream, timeout)),
        }
    }

    fn ask(&mut self, request: &str) -> Result<u32, ShopError> {
        let mut connection = self.connection.take().ok_or(ShopError::NoAnswer)?;
        let line = connection.exchange(request);
        let line = line.map_err(|_| ShopError::NoAnswer)?;
        let answer = match line.strip_suffix('\n').ok_or(ShopError::NoAnswer)? {
            "unknown" => Err(ShopError::UnknownArticle),
            line => {
                let number = line.strip_prefix("ok ").ok_or(ShopError::NoAnswer)?;
                Ok(number.parse().map_err(|_| ShopError::NoAnswer)?)
            }
        };
        self.connection = Some(connection);
        answer
    }
}

impl Shop for ShopClient {
    fn price(&mut self, article: &str) -> Result<u32, ShopError> {
        self.ask(&format!("price {article}"))
    }

    fn stock(&mut self, article: &str) -> Result<u32, ShopError> {
        self.ask(&format!("stock {article}"))
    }
}
