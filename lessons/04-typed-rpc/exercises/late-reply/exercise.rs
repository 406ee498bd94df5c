use std::net::TcpStream;
use std::time::Duration;

// Given in given.rs, beside this file: `Shop`, `ShopError`, `Connection`.
pub use super::given::*;

/// Implements `Shop` by calling a server over TCP, with one line for a request and one for its reply.
///
/// * The requests are `price ARTICLE` and `stock ARTICLE`.
/// * The replies are `ok NUMBER` and `unknown`, each with a newline. A line without its newline was cut off, and is
///   no reply: `ok 3` may be half of `ok 350`.
/// * `unknown` is `UnknownArticle`, and the connection is used again.
/// * Everything else is `NoAnswer`: an error of `exchange`, a line that was cut off, any other reply. Then the next
///   line may be the late reply to this request. So every later call is `NoAnswer` as well and sends nothing.
pub struct ShopClient {
    connection: Connection,
}

impl ShopClient {
    pub fn new(stream: TcpStream, timeout: Duration) -> Self {
        ShopClient {
            connection: Connection::new(stream, timeout),
        }
    }

    fn ask(&mut self, request: &str) -> Result<u32, ShopError> {
        let line = self.connection.exchange(request);
        let line = line.map_err(|_| ShopError::NoAnswer)?;
        let number = line.trim_end().strip_prefix("ok ");
        Ok(number.unwrap_or_default().parse().unwrap_or_default())
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
