use l04_typed_rpc::contract;

pub struct Price {
    pub cents: u32,
}

contract! {
    pub trait Shop = "shop", shop_server, ShopClient {
        async fn price(article: String) -> Price = "Price";
    }
}

fn main() {}
