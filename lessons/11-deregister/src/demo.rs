//! The demo.

/// Being written.
pub async fn run() -> anyhow::Result<()> {
    Ok(())
}
