use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::{Panda, PandaClient};

async fn ask(panda: PandaClient) -> Result<u32, Error> {
    panda.get_info("a hundred").await
}

fn main() {}
