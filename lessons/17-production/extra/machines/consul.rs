//! Three Consul servers and an agent at the front, with ACL and TLS: their configuration, and the tokens with the least rights.

use std::net::IpAddr;
use std::path::Path;

use anyhow::ensure;
use base64::Engine as _;
use l13_framework::registries::consul::Consul;
use l16_captcha::{service, web};
use serde_json::{Value, json};

use super::https::Api;
use super::network::{FRONT, MACHINES, Network};
use super::secret::Secret;
use super::units::CONSUL;

/// The name that the certificate of a server must have: no other machine can take part in elections.
pub const SERVER: &str = "server.dc1.consul";

/// The port without TLS, for a program that has neither authority nor token.
pub const PLAIN: u16 = 8500;

/// The settings of an agent.
pub struct Node<'a> {
    /// The network.
    pub network: Network,
    /// Which machine: 0 to 2 are servers, 3 is the front's agent.
    pub machine: usize,
    /// For what it keeps.
    pub data: &'a Path,
    /// The authority's certificate.
    pub authority: &'a Path,
    /// Its own certificate and key.
    pub identity: &'a Path,
    /// The token of the operator, who may do everything; for servers.
    pub operator: &'a Secret,
    /// Its own token.
    pub token: &'a Secret,
    /// The key of the gossip.
    pub gossip: &'a str,
    /// The token of requests without TLS and without a token, at [`PLAIN`]. `None`: there are none.
    pub plain: Option<&'a Secret>,
}

/// A key for the gossip: 32 random bytes.
///
/// # Errors
/// If the system has no random numbers.
pub fn gossip_key() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

impl Node<'_> {
    // ANCHOR: node
    /// Returns the configuration file. It has secrets.
    pub fn config(&self) -> Value {
        let ip = self.network.ip(self.machine);
        let server = self.machine < MACHINES.len();
        let others = (0..MACHINES.len()).filter(|other| *other != self.machine);
        let others: Vec<IpAddr> = others.map(|other| self.network.ip(other)).collect();
        let mut config = json!({
            "node_name": name(self.machine),
            "server": server,
            "bind_addr": ip,
            "client_addr": ip.to_string(),
            // Without TLS there is no port; nor is there one for DNS, gRPC and other data centers.
            "ports": { "http": -1, "https": CONSUL, "dns": -1, "grpc": -1, "serf_wan": -1 },
            "data_dir": self.data,
            "retry_join": others,
            "retry_interval": "1s",
            "encrypt": self.gossip,
            "ca_file": self.authority,
            "cert_file": self.identity,
            "key_file": self.identity,
            "verify_incoming_rpc": true,
            "verify_outgoing": true,
            "verify_server_hostname": true,
            "acl": {
                "enabled": true,
                "default_policy": "deny",
                "tokens": { "agent": self.token.reveal() },
            },
            "performance": { "raft_multiplier": 1 },
            // An address that was a machine of another name before is that of another test.
            "disable_host_node_id": true,
            "disable_update_check": true,
        });
        if server {
            config["bootstrap_expect"] = MACHINES.len().into();
            config["acl"]["tokens"]["master"] = self.operator.reveal().into();
        }
        if let Some(token) = self.plain {
            config["ports"]["http"] = PLAIN.into();
            config["acl"]["tokens"]["default"] = token.reveal().into();
        }
        config
    }
    // ANCHOR_END: node
}

/// The name of a machine's agent.
pub fn name(machine: usize) -> &'static str {
    MACHINES.get(machine).copied().unwrap_or(FRONT)
}

/// The secrets of the tokens.
pub struct Tokens {
    /// May do everything.
    pub operator: Secret,
    /// Of the agents, in the order of the machines; the front's is the last.
    pub agents: [Secret; 4],
    /// Of the captcha service.
    pub captcha: Secret,
    /// Of the web.
    pub web: Secret,
    /// Of the control plane.
    pub plane: Secret,
    /// Of the learner's own service.
    pub own: Secret,
}

impl Tokens {
    /// New ones.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn fresh() -> std::io::Result<Self> {
        let one = Secret::fresh;
        Ok(Tokens {
            operator: one()?,
            agents: [one()?, one()?, one()?, one()?],
            captcha: one()?,
            web: one()?,
            plane: one()?,
            own: one()?,
        })
    }

    // ANCHOR: rights
    /// Each token with its rules: what it may write. All of them may read who is there.
    fn rights(&self) -> Vec<(String, String, &Secret)> {
        let service = |name: &str| format!("service \"{name}\" {{ policy = \"write\" }}");
        let mut rights = vec![
            ("captcha".to_owned(), service(service::NAME), &self.captcha),
            ("web".to_owned(), service(web::NAME), &self.web),
            ("control-plane".to_owned(), String::new(), &self.plane),
            ("own".to_owned(), service("greeter"), &self.own),
        ];
        for (machine, token) in self.agents.iter().enumerate() {
            let name = name(machine);
            let rules = format!("node \"{name}\" {{ policy = \"write\" }}");
            rights.push((format!("agent-{name}"), rules, token));
        }
        rights
    }
    // ANCHOR_END: rights

    /// Makes the policies and tokens. The servers must have a leader.
    ///
    /// # Errors
    /// If Consul refuses one of them.
    pub async fn create(&self, api: &Api, to: std::net::SocketAddr) -> anyhow::Result<()> {
        for (name, rules, secret) in self.rights() {
            let read =
                "service_prefix \"\" { policy = \"read\" } node_prefix \"\" { policy = \"read\" }";
            let policy = json!({ "Name": name, "Rules": format!("{rules} {read}") });
            put(api, to, "/v1/acl/policy", &policy).await?;
            let token = json!({
                "Description": name,
                "SecretID": secret.reveal(),
                "Policies": [{ "Name": name }],
            });
            put(api, to, "/v1/acl/token", &token).await?;
        }
        Ok(())
    }
}

async fn put(api: &Api, to: std::net::SocketAddr, path: &str, body: &Value) -> anyhow::Result<()> {
    let (status, answer) = api.ask(to, "PUT", path, body).await?;
    ensure!(
        status == 200,
        "Consul answers {status} to {path}: {}",
        words(&answer)
    );
    Ok(())
}

/// An error of Consul, and no answer that could have a secret in it.
fn words(answer: &Value) -> &str {
    answer.as_str().map_or("(no words)", str::trim)
}

/// Lesson 13's registry through an agent with TLS and this token.
///
/// # Errors
/// If the authority cannot be read.
pub fn registry(
    agent: std::net::SocketAddr,
    authority: &Path,
    token: &Secret,
) -> anyhow::Result<Consul> {
    let agent = l09_register::registry::Registry::secured(agent, authority, token.reveal())?;
    Ok(Consul::through(agent))
}
