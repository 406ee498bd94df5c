//! The command line.

use l13_framework::offer::Offer;
use lexopt::prelude::*;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next()? {
        Some(Value(word)) if word == "offer" => Offer::parse(arguments)?.run().await,
        _ => anyhow::bail!("offer"),
    }
}
