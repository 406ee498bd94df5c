//! `-- status`: what runs, who leads, and what Envoy sends requests to.

use l17_production::machines::consul::name;
use l17_production::machines::network::MACHINES;

use super::site::Site;
use super::visitor;
use crate::proxy::words;

impl Site {
    /// The state of the site in lines.
    pub async fn status(&mut self) -> anyhow::Result<String> {
        let mut lines = Vec::new();
        for machine in 0..=MACHINES.len() {
            let ip = self.ip(machine);
            lines.push(format!("machine {} at {ip}", name(machine)));
            for process in &mut self.machines[machine].processes {
                let state = match process.runs() {
                    true => format!("process {}", process.id()),
                    false => "has ended".to_owned(),
                };
                lines.push(format!("    {:14} {state}", process.name));
            }
        }
        let leader = self.consul_leader().await.map(name);
        lines.push(format!("Consul's leader:  {}", leader.unwrap_or("none")));
        let primary = self.find_primary().await;
        let primary = primary.map_or("none".to_owned(), |ip| ip.to_string());
        lines.push(format!("Redis' primary:   {primary}"));
        if let Some(front) = &self.front {
            let list = front.plane.instances().borrow().clone();
            lines.push(format!("Envoy's list:     {}", words(&list)));
        }
        lines.push(format!("Certificates:     {}", self.certificates.words()));
        lines.push(format!("Envoy listens on: http://{}/", self.proxy()));
        lines.extend(self.own_words());
        Ok(lines.join("\n"))
    }

    /// One visitor, who solves a captcha.
    pub async fn visit(&self) -> anyhow::Result<String> {
        let outcome = async {
            let captcha = visitor::look(self.proxy()).await?;
            visitor::answer(self.proxy(), &captcha).await
        };
        Ok(match outcome.await {
            Ok(true) => "a right answer: accepted".to_owned(),
            Ok(false) => "a right answer: refused".to_owned(),
            Err(error) => format!("no answer: {error:#}"),
        })
    }
}
