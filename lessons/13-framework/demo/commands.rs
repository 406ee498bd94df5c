//! The commands of the command line.

use std::time::Duration;

use anyhow::{Context, bail};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::{Failed, How};
use l13_framework::broker::{self, Publisher, Subscription, function};
use l13_framework::client::{Client, Settings};
use l13_framework::options::Options;
use l13_framework::registry::{Event, Instance};
use l13_framework::service::Service;
use stage::signal::{on_signal, tell};

use tokio::time::timeout;

use l13_framework::greeter;

/// How long `client` looks for an instance.
const PATIENCE: Duration = Duration::from_secs(3);

/// `server`.
pub async fn server(options: Options, words: &[String]) -> anyhow::Result<()> {
    none(words)?;
    greeter::service(options)?.run().await
}

/// `client NAME...`.
pub async fn client(options: &Options, words: &[String]) -> anyhow::Result<()> {
    if words.is_empty() {
        bail!("whom shall the service greet? Give a name");
    }
    let registry = options.open_registry(None)?;
    let client = Client::new(registry.clone(), Settings::default().with(options));
    let service = options.server_name.as_deref().unwrap_or(greeter::NAME);
    // In a registry without a server, a client that has just begun to listen has not heard of all instances.
    // A moment more is better than a wrong "no instance".
    let mut members = client.view(service).members();
    let found = members.wait_for(|members| !members.is_empty());
    let _ = timeout(PATIENCE, found).await;
    let mut failed = 0;
    for name in words {
        let request = HelloRequest { name: name.clone() };
        // The contract says that a greeting changes nothing, so a lost call may be made again.
        let reply: Result<HelloReply, Failed> = client
            .call(service, greeter::HELLO, &request, How::safe())
            .await;
        match reply {
            Ok(reply) => tell(&reply.message),
            Err(Failed::NoMember) => bail!(
                "no instance: {service} has none in {}. Is one running? `cargo run -p \
                 l13-framework -- server`, with the same --registry",
                registry.name()
            ),
            // One failed call is no reason not to make the next one.
            Err(error) => {
                failed += 1;
                eprintln!("l13-framework: the call for `{name}` failed: {error}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} calls failed", words.len());
    }
    Ok(())
}

/// `services`.
pub async fn services(options: &Options, words: &[String]) -> anyhow::Result<()> {
    none(words)?;
    let registry = options.open_registry(None)?;
    let names = registry.list_services().await?;
    if names.is_empty() {
        tell(&format!("no instance is in {}", registry.name()));
    }
    for name in names {
        tell(&name);
        for instance in registry.get_service(&name).await? {
            tell(&format!("  {}", shown(&instance)));
        }
    }
    Ok(())
}

/// `watch [NAME]`.
pub async fn watch(options: &Options, words: &[String]) -> anyhow::Result<()> {
    let name = words.first().map(String::as_str);
    none(words.get(1..).unwrap_or_default())?;
    let mut stop = on_signal(options.until_stdin_ends)?;
    let registry = options.open_registry(None)?;
    let mut watch = registry.watch(name).await?;
    tell(&format!(
        "watching {} in {}; Ctrl-C ends it",
        name.unwrap_or("all services"),
        registry.name()
    ));
    loop {
        let event = tokio::select! {
            event = watch.next() => event.context("the watch has ended: the registry is away")?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        tell(&match event {
            Event::Added(instance) => format!("+ {}  {}", instance.name, shown(&instance)),
            Event::Removed(instance) => format!("- {}  {}", instance.name, instance.id),
            Event::Lost => "? events were lost; `services` shows what is there".to_string(),
        });
    }
}

fn shown(instance: &Instance) -> String {
    let pair = |(key, value)| format!("{key}={value}");
    let pairs: Vec<String> = instance.metadata.iter().map(pair).collect();
    format!(
        "{}  {}  {}  {}",
        instance.id,
        instance.addr,
        instance.version,
        pairs.join(" ")
    )
}

// ANCHOR: subscribe
/// `subscribe TOPIC [QUEUE]`.
pub async fn subscribe(options: Options, words: &[String]) -> anyhow::Result<()> {
    let Some(topic) = words.first() else {
        bail!("to which topic? For example: subscribe news");
    };
    none(words.get(2..).unwrap_or_default())?;
    let hear = function(|text: String| async move { tell(&format!("heard: {text}")) });
    let mut subscription = Subscription::new(topic, hear);
    if let Some(queue) = words.get(1) {
        subscription = subscription.queue(queue);
    }
    let service = Service::new("go.micro.srv.subscriber").with(options)?;
    service.hear(subscription).run().await
}
// ANCHOR_END: subscribe

// ANCHOR: publish
/// `publish TOPIC TEXT`.
pub async fn publish(options: &Options, words: &[String]) -> anyhow::Result<()> {
    let (Some(topic), Some(text)) = (words.first(), words.get(1..)) else {
        bail!("on which topic, and what? For example: publish news hello");
    };
    if text.is_empty() {
        bail!("what shall be published on {topic}? For example: publish {topic} hello");
    }
    let publisher = Publisher::new(options.open_registry(None)?, broker::Settings::default());
    let sent = publisher.publish(topic, &text.join(" ")).await?;
    // What is on its way would end with this program.
    publisher.flush(Duration::from_secs(5)).await;
    let brought = publisher.brought(topic);
    let sum = |count: fn(&broker::Brought) -> u64| -> u64 { brought.values().map(count).sum() };
    tell(&format!(
        "published for {}: {} taken, {} refused, {} lost",
        sent.to,
        sum(|one| one.taken),
        sum(|one| one.refused),
        sum(|one| one.lost),
    ));
    Ok(())
}
// ANCHOR_END: publish

fn none(words: &[String]) -> anyhow::Result<()> {
    match words.first() {
        None => Ok(()),
        Some(word) => bail!("`{word}` is one word too many; `--help` shows what there is"),
    }
}
