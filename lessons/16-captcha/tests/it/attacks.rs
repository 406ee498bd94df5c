//! Each attack of the chapter works on the naive site, and fails on the site of this lesson.

use services::Side;

use crate::attack::{ATTACKS, named};

/// An attack that has never worked proves nothing about a site on which it fails.
async fn works_on_the_naive_site_alone(name: &str) -> anyhow::Result<()> {
    for side in Side::to_test()? {
        let [naive, ours] = named(name)?.on_both(side).await?;
        let (worked, all) = naive.worked();
        assert!(all > 0 && worked == all, "{side}: {naive:?}");
        assert_eq!(ours.worked().0, 0, "{side}: {ours:?}");
    }
    Ok(())
}

macro_rules! attacks {
    ($($name:ident)*) => {
        $(#[tokio::test]
        async fn $name() -> anyhow::Result<()> {
            works_on_the_naive_site_alone(stringify!($name)).await
        })*

        #[test]
        fn all_attacks_are_here() {
            let names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

attacks! { guess race empty relay seed overwrite key cache failure silence flood log dial }
