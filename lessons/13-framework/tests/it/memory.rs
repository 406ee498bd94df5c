//! The map in this process, in the suite.

use std::time::Duration;

use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Options, Registry};

use crate::suite;

struct Own(Memory);

impl Own {
    async fn start() -> Own {
        Own(Memory::new())
    }
}

impl suite::Stage for Own {
    fn registry(&self) -> &'static str {
        "memory"
    }

    fn options(&self) -> Options {
        Options::default()
    }

    async fn fresh(&self) -> Box<dyn Registry> {
        Box::new(self.0.clone())
    }

    fn short(&self) -> Duration {
        Duration::from_millis(100)
    }
}

every_registry!(Own::start());
