//! A proxy to Redis for a program that knows neither Sentinel nor passwords: each connection goes to the primary, as a user with
//! few rights.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::failover::find;
use super::redis::Login;
use super::secret::Secret;

/// The time to find the primary and to log in there.
const CONNECT: Duration = Duration::from_secs(1);
/// So many connections at the same time.
const CONNECTIONS: usize = 256;

/// The settings. No secret is in them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The Sentinels.
    pub sentinels: Vec<SocketAddr>,
    /// The password of the user `own` of Redis.
    pub password_file: PathBuf,
    /// The password of the user `finder` of Sentinel.
    pub finder_password_file: PathBuf,
}

/// Forwards connections until the process ends.
///
/// # Errors
/// If the settings are wrong, or the port is taken.
pub async fn run(file: &Path) -> anyhow::Result<()> {
    let what = || format!("the settings in {}", file.display());
    let text = fs::read_to_string(file).with_context(what)?;
    let settings: Settings = serde_json::from_str(&text).with_context(what)?;
    let login = |user, file: &Path| {
        anyhow::Ok(Login {
            user,
            password: Secret::read(file)?,
        })
    };
    let finder = login("finder", &settings.finder_password_file)?;
    let own = login("own", &settings.password_file)?;
    let logins = Arc::new((settings.sentinels, finder, own));
    let listener = TcpListener::bind(settings.listen).await?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let Ok((mut client, peer)) = listener.accept().await else {
            continue;
        };
        let logins = Arc::clone(&logins);
        tokio::spawn(async move {
            match timeout(CONNECT, connect(&logins.0, &logins.1, &logins.2)).await {
                // A primary that steps down closes its connections, so the program comes back for the next one.
                Ok(Ok(mut redis)) => drop(copy_bidirectional(&mut client, &mut redis).await),
                Ok(Err(error)) => tracing::warn!("{peer}: {error:#}"),
                Err(_) => tracing::warn!("{peer}: no primary after {CONNECT:?}"),
            }
            drop(place);
        });
    }
}

// ANCHOR: connect
/// A connection to the primary, logged in.
async fn connect(
    sentinels: &[SocketAddr],
    finder: &Login,
    own: &Login,
) -> anyhow::Result<TcpStream> {
    let mut primary = None;
    for sentinel in sentinels {
        if let Ok(Ok(addr)) = timeout(CONNECT / 4, find(*sentinel, finder)).await {
            primary = Some(addr);
            break;
        }
    }
    let mut redis = TcpStream::connect(primary.context("no Sentinel names a primary")?).await?;
    redis.set_nodelay(true)?;
    let (user, password) = (own.user, own.password.reveal());
    let (long, longer) = (user.len(), password.len());
    let auth = format!("*3\r\n$4\r\nAUTH\r\n${long}\r\n{user}\r\n${longer}\r\n{password}\r\n");
    redis.write_all(auth.as_bytes()).await?;
    let mut answer = [0; 5];
    redis.read_exact(&mut answer).await?;
    ensure!(&answer == b"+OK\r\n", "Redis refuses the user {user}");
    Ok(redis)
}
// ANCHOR_END: connect
