//! The command line.

use l13_framework::measure;
use l13_framework::offer::Offer;
use lexopt::prelude::*;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next()? {
        Some(Value(word)) if word == "offer" => Offer::parse(arguments)?.run().await,
        Some(Value(word)) if word == "measure" => {
            let mut settings = measure::Settings::default();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("rounds") => settings.rounds = arguments.value()?.parse()?,
                    Long("comings") => settings.comings = arguments.value()?.parse()?,
                    Long("kills") => settings.kills = arguments.value()?.parse()?,
                    _ => return Err(argument.unexpected().into()),
                }
            }
            measure::run(settings).await
        }
        _ => anyhow::bail!("offer, measure"),
    }
}
