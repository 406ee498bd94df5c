//! `new`: makes a service of the learner's own, a crate in `lessons/` that builds, tests and runs.

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use super::{Command, course, text};
use crate::new::{self, Kind, Order};

/// See the file.
pub const COMMAND: Command = Command {
    name: "new",
    about: "a service of your own on the framework of lesson 13: builds, tests, registers, runs",
    help: "\
Usage: cargo workbook new --type srv|web|api NAME [--namespace N] [--calls OTHER]

Makes the crate lessons/NAME/. It is yours: no check looks at it, and nothing overwrites it.

  --type srv       a microservice, N.srv.NAME: gRPC, a handler, a subscriber, its own .proto file
  --type web       a web site, N.web.NAME: a page and a handler that calls the service OTHER
  --type api       a service for the gateway, N.api.NAME: gRPC, and calls the service OTHER
  --namespace N    what all its names begin with; go.micro by default
  --calls OTHER    web and api: the name of the srv that they call; example by default

NAME is small letters, digits and `-`, and begins with a letter: it names a folder, a crate and a
package of a .proto file.

Example: cargo workbook new --type srv tea
         cargo workbook new --type web tea-shop --calls tea
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut kind, mut name, mut namespace, mut calls) = (None, None, None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("type") => kind = Some(text(arguments.value()?)?.parse::<Kind>()?),
            Long("namespace") => namespace = Some(text(arguments.value()?)?),
            Long("calls") => calls = Some(text(arguments.value()?)?),
            Value(value) if name.is_none() => name = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(kind) = kind else {
        bail!("--type is missing: srv, web or api; `cargo workbook new --help`");
    };
    let Some(name) = name else {
        bail!(
            "NAME is missing; for example: cargo workbook new --type {kind} {}",
            new::EXAMPLE
        );
    };
    if kind == Kind::Srv && calls.is_some() {
        bail!("--calls is for web and api; a srv is what others call");
    }
    let course = course()?;
    let order = Order::new(kind, &name, namespace.as_deref(), calls.as_deref())?;
    let files = new::write(&course.root, &order)?;
    print!("{}", new::told(&order, &files));
    Ok(ExitCode::SUCCESS)
}
