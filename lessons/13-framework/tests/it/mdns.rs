//! mDNS in the suite.

use crate::suite::OnUdp;

every_registry_at_once!(
    OnUdp::start("mdns"),
    a_killed_process_is_gone_after_its_time
);
