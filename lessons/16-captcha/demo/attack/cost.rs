//! What each picture costs, counted on the wires between the programs.

use super::Steps;
use super::site::{Site, picture};

// ANCHOR: dial
/// Ten pictures: how many connections are made, and how many bytes travel?
pub async fn dial(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut person = site.browser().await?;
    // The first one may open what is then kept.
    picture(site, &mut person, "first").await?;
    let bytes = site.ground.service_tap.bytes_back();
    let before = connections(site);
    for number in 0..10 {
        picture(site, &mut person, &format!("p{number}")).await?;
    }
    let names = ["Redis", "the service", "Consul"];
    for ((name, before), after) in names.iter().zip(before).zip(connections(site)) {
        let made = after - before;
        steps.attempt(
            format!("10 pictures: connections to {name}"),
            made,
            made >= 10,
        );
    }
    let bytes = site.ground.service_tap.bytes_back() - bytes;
    // 128 by 64 pixels of four bytes.
    let pixels = 10 * 128 * 64 * 4;
    steps.attempt("bytes from the service to the web", bytes, bytes > pixels);
    Ok(())
}
// ANCHOR_END: dial

fn connections(site: &Site) -> [usize; 3] {
    [
        &site.ground.redis_tap,
        &site.ground.service_tap,
        &site.ground.consul_tap,
    ]
    .map(|tap| tap.connections())
}
