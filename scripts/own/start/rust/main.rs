//! My service. It greets one client after the other, and takes each read for one name: stage 1 says what is missing.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let addr = env::var("TCP_ADDR").unwrap_or_else(|_| "127.0.0.1:7001".into());
    let listener = TcpListener::bind(&addr)?;
    println!("listening on {addr}");
    loop {
        let (mut stream, _) = listener.accept()?;
        let mut buffer = [0; 1024];
        let count = stream.read(&mut buffer)?;
        let name = String::from_utf8_lossy(&buffer[..count]);
        if count > 0 {
            stream.write_all(format!("hello {}\n", name.trim_end()).as_bytes())?;
        }
    }
}
