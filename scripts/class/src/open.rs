//! `class open`: the teacher's server, until Ctrl-C.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use qrcode::QrCode;
use qrcode::render::svg;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::code::Code;
use crate::course::Course;
use crate::protocol::{NAME, is_text};
use crate::rates::Rates;
use crate::routes::{App, router};
use crate::store::{self, Class, Desk};
use crate::views::{self, About, Views};
use crate::{code, mdns, serve};

/// Where a class listens if the teacher does not say.
const PORT: u16 = 7443;
/// Lines of a roster.
const ROSTER: usize = 500;

/// What the command line says.
pub struct Options {
    /// The folder of the course.
    pub root: PathBuf,
    /// The records.
    pub file: PathBuf,
    /// Name of the class.
    pub name: Option<String>,
    /// Where to listen.
    pub address: IpAddr,
    /// The port; 0 for any that is free.
    pub port: Option<u16>,
    /// One name a line.
    pub roster: Option<PathBuf>,
    /// Announce the class by mDNS.
    pub mdns: bool,
    /// Print one line of JSON in place of the text.
    pub json: bool,
}

/// Opens the class and serves it until Ctrl-C.
pub async fn run(options: Options) -> Result<()> {
    if options.address.is_unspecified() {
        bail!("--addr takes one address of this machine: it becomes a part of the code");
    }
    let course = Course::read(&options.root)?;
    let _lock = store::lock(&options.file)?;
    let connection = store::open(&options.file)?;
    let class = Class::load_or_make(&connection)?;
    write_settings(&connection, &options)?;
    let listener = listen(&connection, &options).await?;
    let address = listener.local_addr()?;
    store::set(&connection, "port", address.port())?;
    let code = Code {
        address: Some(address.to_string()),
        room: class.room.clone(),
        pin: code::pin(&class.identity.certificate),
    };
    let class = Class::load_or_make(&connection)?;
    let announcement = options
        .mdns
        .then(|| mdns::announce(&class.room, address))
        .transpose();
    let join = format!("https://{address}/join#{}", class.room);
    let about = Arc::new(About {
        name: class.name.clone(),
        code: code.to_string(),
        join: join.clone(),
        key: store::fingerprint(&connection)?,
        course,
    });
    let desk = Desk::start(connection);
    let (publish, views) = watch::channel(Views::default());
    tokio::spawn(views::keep_current(
        desk.clone(),
        Arc::clone(&about),
        publish,
    ));
    let picture = picture(&join)?;
    let config = class.identity.server()?;
    tell(&options, &class, &code, address, announcement.is_err());
    let app = App {
        desk,
        class,
        about,
        views,
        picture,
        rates: Rates::default(),
    };
    tokio::select! {
        never = serve::serve(listener, config, router(Arc::new(app))) => match never {},
        stop = tokio::signal::ctrl_c() => stop.context("cannot wait for Ctrl-C"),
    }
}

fn write_settings(connection: &Connection, options: &Options) -> Result<()> {
    let named: Option<String> = store::get(connection, "name")?;
    if let Some(name) = options
        .name
        .clone()
        .or(named.is_none().then(|| "A class".to_owned()))
    {
        if !is_text(&name, NAME) {
            bail!("the name of a class has 1 to {NAME} characters");
        }
        store::set(connection, "name", name.trim())?;
    }
    if let Some(path) = &options.roster {
        let names = read_roster(path)?;
        // Members who have joined stay, also if their line is gone.
        connection.execute("DELETE FROM roster", [])?;
        for name in names {
            connection.execute("INSERT OR IGNORE INTO roster VALUES (?1)", [name])?;
        }
    }
    Ok(())
}

fn read_roster(path: &Path) -> Result<Vec<String>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(name) = names.iter().find(|name| !is_text(name, NAME)) {
        bail!(
            "{}: `{name}` has more than {NAME} characters",
            path.display()
        );
    }
    if names.is_empty() || names.len() > ROSTER {
        bail!(
            "{} has {} names; a class has 1 to {ROSTER}",
            path.display(),
            names.len()
        );
    }
    Ok(names)
}

/// Listens at the port that was given, else at that of the last time, else at the usual one, else at any.
async fn listen(connection: &Connection, options: &Options) -> Result<TcpListener> {
    let last: Option<u16> = store::get(connection, "port")?;
    let wanted = options.port.or(last);
    let at = |port| SocketAddr::new(options.address, port);
    match TcpListener::bind(at(wanted.unwrap_or(PORT))).await {
        Ok(listener) => Ok(listener),
        Err(_) if wanted.is_none() => TcpListener::bind(at(0)).await.context("cannot listen"),
        Err(e) => Err(e).with_context(|| {
            format!("cannot listen at {}; `--port` takes another one, and learners then need the new code", at(wanted.unwrap_or(PORT)))
        }),
    }
}

/// The address as a picture: modules in black on white, in light and dark pages alike.
fn picture(text: &str) -> Result<String> {
    let picture = QrCode::new(text)?;
    Ok(picture
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build())
}

fn tell(options: &Options, class: &Class, code: &Code, address: SocketAddr, silent: bool) {
    // A browser on this machine; the token is in the part of the address that no browser sends.
    let board = format!("https://{address}/board#{}", class.token);
    if options.json {
        let line = serde_json::json!({ "code": code.to_string(), "address": address, "room": class.room, "board": board, "token": class.token });
        println!("{line}");
        return;
    }
    println!(
        "{} is open. Ctrl-C closes it; `class open` opens it again with the same code.\n",
        class.name
    );
    println!("  board, for you alone    {board}");
    println!("  learners type           cargo workbook class join {code}");
    if options.mdns && !silent {
        println!(
            "  or without the address  cargo workbook class join {}",
            Code {
                address: None,
                ..code.clone()
            }
        );
    }
    println!(
        "  phones, for polls       https://{address}/join   room code {}",
        class.room
    );
    println!("  records                 {}\n", options.file.display());
    println!(
        "The browser warns once, because no authority knows a certificate that was made on the spot."
    );
    if silent {
        println!("The class is not announced by mDNS; learners type the code with its address.");
    }
    if address.ip().is_loopback() {
        println!("Only this machine reaches it. For a room, close it and open it with one of:");
        for each in if_addrs::get_if_addrs().unwrap_or_default() {
            if let IpAddr::V4(ip) = each.ip()
                && !ip.is_loopback()
            {
                println!("  --addr {ip}    {}", each.name);
            }
        }
    }
}

/// The address if the teacher gives none.
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
