//! Prototype: measures.
#![allow(clippy::all, reason = "thrown away")]
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use consulrs::client::{ConsulClient, ConsulClientSettingsBuilder};
use l06_grpc::client::{Client, Options};
use l06_grpc::retry::{Policy, Repeat, retry};
use l10_discover::balance::{Balanced, Settings};
use l10_discover::health::Query;
use l10_discover::watch::{Rhythm, watch};
use tokio::time::{Instant, sleep};
use tonic::Code;

struct Server { child: Child, addr: SocketAddr }
fn server(addr: &str, slow: u32) -> Server {
    let mut child = Command::new("target/debug/l06-grpc")
        .args(["server", "--until-stdin-ends", "--addr", addr, "--slow-ms", &slow.to_string()])
        .stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let addr = line.strip_prefix("listening on ").unwrap().parse().unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, addr }
}
impl Server {
    fn kill(&mut self) { let _ = self.child.kill(); let _ = self.child.wait(); }
    fn term(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
fn http(consul: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut s = TcpStream::connect(consul).unwrap();
    write!(s, "{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut a = String::new(); s.read_to_string(&mut a).unwrap(); a
}
fn register(consul: SocketAddr, addr: SocketAddr, interval: &str) {
    let p = addr.port();
    let a = http(consul, "PUT", "/v1/agent/service/register", &format!(
        r#"{{"ID":"greeter-{p}","Name":"greeter","Tags":["grpc"],"Address":"127.0.0.1","Port":{p},"Check":{{"TCP":"127.0.0.1:{p}","Interval":"{interval}","Timeout":"5s","Status":"passing"}}}}"#));
    assert!(a.contains(" 200"), "{a}");
}
#[derive(Default)]
struct Tally { ok: AtomicU64, errors: Mutex<Vec<(Instant, Code, String)>>, longest: Mutex<Duration>, stop: AtomicBool }

fn callers(b: &Balanced, n: usize, attempts: u32, tally: &Arc<Tally>, pause: Duration) -> Vec<tokio::task::JoinHandle<()>> {
    (0..n).map(|_| {
        let (b, tally) = (b.clone(), Arc::clone(tally));
        tokio::spawn(async move {
            while !tally.stop.load(SeqCst) {
                let until = Instant::now() + Duration::from_secs(5);
                let policy = Policy { attempts, ..Policy::default() };
                let since = Instant::now();
                let r = retry(policy, Repeat::Safe, until, || {
                    let b = b.clone();
                    async move {
                        let o = Options { deadline: until - Instant::now(), retry: Policy { attempts: 1, ..policy }, ..Options::default() };
                        let r = Client::over(b.channel(), o).unwrap().greet("Ada").await;
                        if let Err(s) = &r && s.code() == Code::Unavailable { b.suspect(); }
                        r
                    }
                }).await;
                { let mut l = tally.longest.lock().unwrap(); *l = (*l).max(since.elapsed()); }
                match r {
                    Ok(_) => { tally.ok.fetch_add(1, SeqCst); }
                    Err(s) => tally.errors.lock().unwrap().push((Instant::now(), s.code(), s.message().into())),
                }
                sleep(pause).await;
            }
        })
    }).collect()
}

#[tokio::main]
async fn main() {
    let consul = services::consul::Setup::default().start().await.unwrap();
    println!("{} consul at {}", consul.side(), consul.addr());
    let settings = ConsulClientSettingsBuilder::default().address(format!("http://{}", consul.addr())).build().unwrap();
    let client = Arc::new(ConsulClient::new(settings).unwrap());
    println!("{}", http(consul.addr(), "GET", "/v1/health/service/consul", ""));

    for (take_out, attempts) in [] as [(bool, u32); 0] {
        let mut servers: Vec<Server> = (0..3).map(|_| server("127.0.0.1:0", 20)).collect();
        for s in &servers { register(consul.addr(), s.addr, "10s"); }
        let list = watch(Arc::clone(&client), Query::named("greeter"), Rhythm::default());
        let b = Balanced::over(list.clone(), Settings { take_out, ..Settings::default() });
        let mut l2 = list.clone();
        l2.wait_for(|s| s.instances.len() == 3).await.unwrap();
        let tally = Arc::new(Tally::default());
        let tasks = callers(&b, 16, attempts, &tally, Duration::from_millis(2));
        sleep(Duration::from_secs(2)).await;
        let before = tally.ok.load(SeqCst);
        let dead = servers[0].addr;
        servers[0].kill();
        let killed = Instant::now();
        let mut m = b.members();
        let out = if take_out { m.wait_for(|m| !m.called.contains(&dead)).await.unwrap(); Some(killed.elapsed()) } else { None };
        let _ = tokio::time::timeout(Duration::from_secs(20), l2.wait_for(|s| s.instances.len() == 2)).await.map(|r| { r.unwrap(); });
        let dropped = killed.elapsed();
        sleep(Duration::from_secs(1)).await;
        tally.stop.store(true, SeqCst);
        for t in tasks { t.await.unwrap(); }
        let errors = tally.errors.lock().unwrap();
        let mut by = BTreeMap::new();
        for (_, c, w) in errors.iter() { *by.entry(format!("{c:?}: {w}")).or_insert(0) += 1; }
        println!("KILL take_out={take_out} attempts={attempts}: before {before} ok, total ok {}, errors {}, last error {:?} after kill, out of channel {out:?}, off the list {dropped:?}, longest call {:?}",
            tally.ok.load(SeqCst), errors.len(), errors.last().map(|e| e.0 - killed), tally.longest.lock().unwrap());
        println!("   {by:?}");
        for s in &servers { http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), ""); }
        for s in &mut servers { s.kill(); }
        sleep(Duration::from_millis(500)).await;
    }

    for (wait_ms, take_out, attempts) in [(9999u64, false, 1), (9999, false, 4), (9999, true, 1), (9999, true, 4)] {
        let mut servers: Vec<Server> = (0..3).map(|_| server("127.0.0.1:0", 20)).collect();
        for s in &servers { register(consul.addr(), s.addr, "10s"); }
        let list = watch(Arc::clone(&client), Query::named("greeter"), Rhythm::default());
        let b = Balanced::over(list.clone(), Settings { take_out, ..Settings::default() });
        let mut l2 = list.clone();
        l2.wait_for(|s| s.instances.len() == 3).await.unwrap();
        let tally = Arc::new(Tally::default());
        let tasks = callers(&b, 16, attempts, &tally, Duration::from_millis(2));
        sleep(Duration::from_secs(1)).await;
        let mut noticed = Vec::new();
        for _round in 0..2 { for s in &mut servers {
            let since = Instant::now();
            if wait_ms == 9999 {
                s.term();
                sleep(Duration::from_millis(200)).await;
                http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), "");
                *s = server(&s.addr.to_string(), 20);
            } else {
            http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), "");
            }
            if wait_ms == 9999 {} else if wait_ms > 0 {
                let addr = s.addr;
                b.members().wait_for(|m| !m.called.contains(&addr)).await.unwrap();
                noticed.push(since.elapsed().as_millis());
                sleep(Duration::from_millis(wait_ms)).await;
            }
            if wait_ms != 9999 {
            s.term();
            *s = server(&s.addr.to_string(), 20);
            }
            register(consul.addr(), s.addr, "10s");
            let addr = s.addr;
            b.members().wait_for(|m| m.called.contains(&addr)).await.unwrap();
            sleep(Duration::from_millis(300)).await;
        } }
        tally.stop.store(true, SeqCst);
        for t in tasks { t.await.unwrap(); }
        let errors = tally.errors.lock().unwrap();
        let mut by = BTreeMap::new();
        for (_, c, w) in errors.iter() { *by.entry(format!("{c:?}: {w}")).or_insert(0) += 1; }
        println!("ROLL wait={wait_ms}ms take_out={take_out} attempts={attempts}: ok {}, errors {}, noticed ms {noticed:?}, longest {:?}", tally.ok.load(SeqCst), errors.len(), tally.longest.lock().unwrap());
        println!("   {by:?}");
        for s in &servers { http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), ""); }
        for s in &mut servers { s.kill(); }
        sleep(Duration::from_millis(500)).await;
    }

    // Frozen
    {
        let mut servers: Vec<Server> = (0..3).map(|_| server("127.0.0.1:0", 20)).collect();
        for s in &servers { register(consul.addr(), s.addr, "10s"); }
        println!("{}", http(consul.addr(), "GET", "/v1/health/service/greeter", ""));
        let list = watch(Arc::clone(&client), Query::named("greeter"), Rhythm::default());
        let b = Balanced::over(list.clone(), Settings::default());
        list.clone().wait_for(|s| s.instances.len() == 3).await.unwrap();
        let tally = Arc::new(Tally::default());
        let tasks = callers(&b, 16, 4, &tally, Duration::from_millis(2));
        sleep(Duration::from_secs(1)).await;
        let _ = Command::new("kill").args(["-STOP", &servers[0].child.id().to_string()]).status();
        let t = Instant::now();
        let _ = tokio::time::timeout(Duration::from_secs(25), list.clone().wait_for(|s| s.instances.len() == 2)).await.map(|r| { r.unwrap(); });
        println!("frozen: list {:?}", t.elapsed());
        tally.stop.store(true, SeqCst);
        for t in tasks { t.await.unwrap(); }
        println!("FROZEN ok {} errors {} {:?}", tally.ok.load(SeqCst), tally.errors.lock().unwrap().len(), tally.errors.lock().unwrap().first());
        for s in &servers { http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), ""); }
        for s in &mut servers { s.kill(); }
        sleep(Duration::from_millis(500)).await;
    }
    // In flight on Remove.
    let mut s = server("127.0.0.1:0", 1500);
    register(consul.addr(), s.addr, "10s");
    let list = watch(Arc::clone(&client), Query::named("greeter"), Rhythm::default());
    let b = Balanced::over(list.clone(), Settings::default());
    list.clone().wait_for(|s| s.instances.len() == 1).await.unwrap();
    let c = Client::over(b.channel(), Options { retry: Policy { attempts: 1, ..Policy::default() }, ..Options::default() }).unwrap();
    let c2 = c.clone();
    let call = tokio::spawn(async move { c2.greet("Ada").await.map(|r| r.into_inner().message) });
    sleep(Duration::from_millis(300)).await;
    let since = Instant::now();
    http(consul.addr(), "PUT", &format!("/v1/agent/service/deregister/greeter-{}", s.addr.port()), "");
    b.members().wait_for(|m| m.called.is_empty()).await.unwrap();
    println!("removed after {:?}", since.elapsed());
    let c3 = c.clone();
    let second = tokio::spawn(async move { let t = Instant::now(); (c3.greet("Bob").await.map(|r| r.into_inner().message), t.elapsed()) });
    println!("IN FLIGHT on remove: {:?}", call.await.unwrap());
    println!("CALL with nobody (deadline 5 s): {:?}", tokio::time::timeout(Duration::from_secs(12), second).await);
    println!("{}", http(consul.addr(), "GET", "/v1/agent/services", ""));
    s.kill();
}
