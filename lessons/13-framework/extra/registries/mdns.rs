//! mDNS: each instance announces itself by multicast, and all clients listen. There is no server, and nothing to
//! set up. What an instance looks like in DNS is in [`layout`], so that other programs can join in.
//!
//! *Pushed*: an announcement reaches all who listen. *AP*: when the network breaks, all clients go on
//! with the instances that they can hear. It needs multicast, so it ends where that ends: at one machine or one
//! network. Here it is the loopback interface alone, unless [`Options::addresses`] names another one by
//! its address; the port in it is 5353 for all who follow the standard.
//!
//! A heartbeat is an announcement. Without one an instance is gone after its time to live; an owner who
//! lives and has forgotten it says goodbye by itself. Only the owner can deregister an instance: to all
//! others there is nothing of theirs to take back.
//!
//! # Layout
//!
//! * [`layout`]: an instance as DNS records, and back.
//! * [`listener`]: hears the announcements of others, within bounded memory.
//! * [`announcer`]: announces the instances of this process, and sends their goodbyes.

pub mod announcer;
pub mod layout;
pub mod listener;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mdns_sd::{IfKind, MDNS_PORT, ServiceDaemon};
use tokio::sync::OnceCell;
use tokio::time::sleep_until;

use crate::extra::lock;
use crate::registry::{Error, Instance, Options, Registry, Watch};
use announcer::Announcer;
use listener::{Ignored, Listener};

/// How long it listens before it answers its first question. An answer may take 0.1 s; but who has just
/// said something does not say it again within a second (RFC 6762, section 6), so the question that is
/// asked then goes unanswered, and the next one comes a second later. Measured: 0.1 s or 1.1 s.
const FIRST: Duration = Duration::from_millis(1500);

/// The registry that announces and listens with multicast DNS. It begins to listen when it is first used; dropped, it says goodbye for all that it
/// has registered.
#[derive(Debug, Default)]
pub struct Mdns {
    options: Options,
    place: Place,
    listener: OnceCell<Listener>,
    announcer: OnceCell<Announcer>,
}

/// The interface and the port of multicast DNS.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    interface: Ipv4Addr,
    port: u16,
}

impl Default for Place {
    fn default() -> Self {
        Place {
            interface: Ipv4Addr::LOCALHOST,
            port: MDNS_PORT,
        }
    }
}

impl Place {
    /// A daemon that uses this one interface and no other.
    fn daemon(self) -> Result<ServiceDaemon, mdns_sd::Error> {
        let daemon = ServiceDaemon::new_with_port(self.port)?;
        // From now on, and before it has sent anything: commands are obeyed in their order.
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(if self.interface.is_loopback() {
            IfKind::LoopbackV4
        } else {
            IfKind::Addr(IpAddr::V4(self.interface))
        })?;
        Ok(daemon)
    }
}

impl Mdns {
    /// On the loopback interface.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the counts of announcements that were not accepted; zero before the first use.
    pub fn ignored(&self) -> Ignored {
        self.listener
            .get()
            .map(Listener::ignored)
            .unwrap_or_default()
    }

    async fn listener(&self) -> Result<&Listener, Error> {
        let open = async || Listener::open(self.place).map_err(away);
        self.listener.get_or_try_init(open).await
    }

    async fn announcer(&self) -> Result<&Announcer, Error> {
        let open = async || Announcer::open(self.place).map_err(away);
        self.announcer.get_or_try_init(open).await
    }

    /// The listener, once it has listened for a moment.
    async fn listened(&self) -> Result<&Listener, Error> {
        let listener = self.listener().await?;
        sleep_until(listener.since() + FIRST.min(self.options.timeout)).await;
        Ok(listener)
    }
}

#[tonic::async_trait]
impl Registry for Mdns {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        self.place = match options.addresses[..] {
            [] => Place::default(),
            [SocketAddr::V4(at)] => Place {
                interface: *at.ip(),
                port: at.port(),
            },
            _ => {
                return Err(Error::Invalid(
                    "mDNS takes one address: the IPv4 address of the interface, and the port, as in \
                     127.0.0.1:5353"
                        .into(),
                ));
            }
        };
        self.options = options;
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn name(&self) -> &'static str {
        "mdns"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        // What cannot be announced is no reason to open a socket.
        layout::announcement(instance, ttl)?;
        if self.place.interface.is_loopback() && !instance.addr.ip().is_loopback() {
            return Err(Error::Invalid(format!(
                "{} is not announced on the loopback interface; name the interface to use by its address",
                instance.addr
            )));
        }
        let announcer = self.announcer().await?;
        announcer
            .announce(instance, ttl, self.options.timeout)
            .await
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        match self.announcer.get() {
            Some(announcer) => announcer.goodbye(&instance.id, self.options.timeout).await,
            // Who has said nothing has nothing to take back.
            None => Ok(()),
        }
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        Ok(lock(self.listened().await?.table()).of(name))
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        Ok(lock(self.listened().await?.table()).names())
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        Ok(lock(self.listener().await?.table()).watch(name))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn away(why: mdns_sd::Error) -> Error {
    Error::Away(why.to_string())
}
