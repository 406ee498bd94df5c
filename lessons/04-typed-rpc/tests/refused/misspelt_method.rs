use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::Hello;

async fn greet(hello: impl Hello) -> Result<String, Error> {
    hello.hello_word("wire".to_string()).await
}

fn main() {}
