//! More of the HTTP API, each file by itself.

pub mod agent_health;
pub mod agent_more;
pub mod agent_self;
pub mod catalog;
pub mod catalog_register;
pub mod health_more;
pub mod kv;

use crate::api::Routes;

/// Adds the paths of the second evening to those of the first.
pub fn add(routes: Routes) -> Routes {
    routes
        .at("GET", "agent/self", agent_self::this)
        .at("GET", "agent/members", agent_self::members)
        .at("GET", "agent/service/", agent_more::service)
        .at("PUT", "agent/service/maintenance/", agent_more::maintain)
        .at("PUT", "agent/maintenance", agent_more::maintain_node)
        .at("GET", "agent/health/service/id/", agent_health::by_id)
        .at("GET", "agent/health/service/name/", agent_health::by_name)
        .at("PUT", "agent/reload", agent_more::reload)
        .at("GET", "catalog/datacenters", catalog::datacenters)
        .at("GET", "catalog/nodes", catalog::nodes)
        .at("GET", "catalog/node/", catalog::node)
        .at("GET", "catalog/services", catalog::services)
        .at("GET", "catalog/service/", catalog::service)
        .at("PUT", "catalog/register", catalog_register::register)
        .at("PUT", "catalog/deregister", catalog_register::deregister)
        .at("GET", "health/node/", health_more::node)
        .at("GET", "health/checks/", health_more::checks)
        .at("GET", "health/state/", health_more::state)
        .at("GET,PUT,DELETE", "kv/", kv::key)
        .at("GET", "status/leader", agent_self::leader)
        .at("GET", "status/peers", agent_self::peers)
}
