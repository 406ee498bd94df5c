use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::{Hello, hello_server};

struct Hasty;

impl Hello for Hasty {
    async fn hello_world(&self, name: String) -> Result<String, Error> {
        Ok(format!("{name} hello world"))
    }
}

fn main() {
    let _ = hello_server(Hasty);
}
