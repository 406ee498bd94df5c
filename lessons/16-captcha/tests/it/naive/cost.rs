//! What each picture costs, counted on the wires between the programs.

use services::Side;

use super::site::{Site, picture};

/// What ten pictures have taken.
struct Cost {
    /// New connections to Redis, to the service and to Consul.
    redis: usize,
    service: usize,
    consul: usize,
    /// From the service to the web.
    bytes: usize,
}

async fn ten_pictures(site: &Site) -> anyhow::Result<Cost> {
    let mut person = site.browser().await?;
    // The first one may open what is then kept.
    picture(site, &mut person, "first").await?;
    let before = (
        site.redis_tap.connections(),
        site.service_tap.connections(),
        site.consul_tap.connections(),
        site.service_tap.bytes_back(),
    );
    for number in 0..10 {
        picture(site, &mut person, &format!("p{number}")).await?;
    }
    Ok(Cost {
        redis: site.redis_tap.connections() - before.0,
        service: site.service_tap.connections() - before.1,
        consul: site.consul_tap.connections() - before.2,
        bytes: site.service_tap.bytes_back() - before.3,
    })
}

// ANCHOR: cost
#[tokio::test]
async fn every_picture_dials_three_times_and_travels_as_pixels() -> anyhow::Result<()> {
    for side in Side::to_test()? {
        let notes = ten_pictures(&Site::of_the_notes(side).await?).await?;
        assert_eq!((notes.redis, notes.service, notes.consul), (10, 10, 10));
        // 128 by 64 pixels, four bytes each, four thirds of that in base64.
        assert!(notes.bytes > 10 * 128 * 64 * 4 * 4 / 3, "{}", notes.bytes);

        let ours = ten_pictures(&Site::of_this_lesson(side).await?).await?;
        assert_eq!((ours.redis, ours.service), (0, 0));
        // The watch asks Consul again when it has had an answer, and not for a picture.
        assert!(ours.consul < 10, "{}", ours.consul);
        let times = notes.bytes / ours.bytes;
        println!(
            "{side}: {} bytes, {} bytes, {times} times",
            notes.bytes, ours.bytes
        );
        assert!(times >= 10, "{} for {}", ours.bytes, notes.bytes);
    }
    Ok(())
}
// ANCHOR_END: cost
