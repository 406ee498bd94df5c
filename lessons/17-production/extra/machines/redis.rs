//! One Redis and one Sentinel a machine: their configuration, and the users with the least rights.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::secret::Secret;
use super::units::{REDIS, SENTINEL};

/// The name of the group of Redis servers that Sentinel watches.
pub const GROUP: &str = "captchas";

/// All keys of the site begin so.
pub const PREFIX: &str = "site:";

/// The users and their passwords.
pub struct Users {
    /// The captcha service.
    pub captcha: Secret,
    /// A replica that copies from the primary.
    pub replica: Secret,
    /// A Sentinel, towards Redis and towards other Sentinels.
    pub sentinel: Secret,
    /// The captcha service towards Sentinel.
    pub finder: Secret,
    /// The learner's own service.
    pub own: Secret,
}

// ANCHOR: users
/// What each may do.
const CAPTCHA: &str =
    "~site:* resetchannels -@all +set +get +getdel +incrby +multi +exec +wait +role +ping";
const REPLICA: &str = "resetkeys resetchannels -@all +psync +replconf +ping";
const SENTINEL_HERE: &str = "resetkeys allchannels -@all +multi +exec +replicaof +slaveof +ping +info +role +publish +subscribe \
     +config|rewrite +client|setname +client|kill +script|kill";
const FINDER: &str =
    "resetkeys resetchannels -@all +sentinel|get-master-addr-by-name +sentinel|master +ping";
const OWN: &str = "~greetings resetchannels -@all +@string +@keyspace +@transaction +@scripting +@connection -@dangerous";
// ANCHOR_END: users

impl Users {
    /// New passwords.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn fresh() -> std::io::Result<Self> {
        Ok(Users {
            captcha: Secret::fresh()?,
            replica: Secret::fresh()?,
            sentinel: Secret::fresh()?,
            finder: Secret::fresh()?,
            own: Secret::fresh()?,
        })
    }

    // ANCHOR: redis
    /// The configuration of a Redis, the primary or a replica of it. It has passwords.
    pub fn redis(&self, ip: IpAddr, primary: Option<IpAddr>, data: &Path) -> String {
        let replica_of = match primary {
            Some(primary) => format!("replicaof {primary} {REDIS}"),
            None => String::new(),
        };
        format!(
            "bind {ip}
bind-source-addr {ip}
port {REDIS}
dir {dir}
save \"\"
{replica_of}
replica-announce-ip {ip}
repl-diskless-sync-delay 0
repl-ping-replica-period 1
# A primary that no replica follows takes no writes: after a cut in the network there are not two of them.
min-replicas-to-write 1
min-replicas-max-lag 2
user default off
user captcha on >{captcha} {CAPTCHA}
user replica on >{replica} {REPLICA}
user sentinel on >{sentinel} {SENTINEL_HERE}
user own on >{own} {OWN}
masteruser replica
masterauth {replica}
",
            dir = data.display(),
            captcha = self.captcha.reveal(),
            own = self.own.reveal(),
            replica = self.replica.reveal(),
            sentinel = self.sentinel.reveal(),
        )
    }
    // ANCHOR_END: redis

    // ANCHOR: sentinel
    /// The configuration of a Sentinel, which it writes to later.
    pub fn sentinel(&self, ip: IpAddr, primary: IpAddr, data: &Path) -> String {
        format!(
            "bind {ip}
port {SENTINEL}
dir {dir}
sentinel announce-ip {ip}
# Two of three Sentinels must agree that the primary is gone.
sentinel monitor {GROUP} {primary} {REDIS} 2
sentinel down-after-milliseconds {GROUP} 1000
sentinel failover-timeout {GROUP} 6000
sentinel auth-user {GROUP} sentinel
sentinel auth-pass {GROUP} {sentinel}
user default off
user sentinel on >{sentinel} allkeys allchannels +@all
user finder on >{finder} {FINDER}
sentinel sentinel-user sentinel
sentinel sentinel-pass {sentinel}
",
            dir = data.display(),
            sentinel = self.sentinel.reveal(),
            finder = self.finder.reveal(),
        )
    }
    // ANCHOR_END: sentinel
}

/// A user of a Redis or a Sentinel, for the crate `redis`.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name of the user.
    pub user: &'static str,
    /// Its password.
    pub password: Secret,
}

impl Login {
    /// Returns the settings of a connection of this user to `addr`.
    ///
    /// # Errors
    /// If the crate does not take the settings.
    pub fn at(&self, addr: SocketAddr) -> ::redis::RedisResult<::redis::ConnectionInfo> {
        use ::redis::IntoConnectionInfo;
        let info = ::redis::ConnectionAddr::Tcp(addr.ip().to_string(), addr.port());
        let info = info.into_connection_info()?;
        let settings = info.redis_settings().clone();
        let settings = settings.set_username(self.user);
        Ok(info.set_redis_settings(settings.set_password(self.password.reveal())))
    }
}
