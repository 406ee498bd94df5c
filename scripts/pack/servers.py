"""The servers that may be handed on: each program as it is installed here, with its licence beside it."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A program that lessons can use in place of the embedded one."""

    name: str
    # Names another program than the one on the PATH, as `doctor` reads it.
    variable: str
    asks: str
    licence: str
    source: str
    # The first version with a licence that does not let a school hand it on; none so far for etcd.
    until: tuple[int, int] | None
    # Debian's folder of the licence's text; for Consul, which is only unpacked, the text is in the repository.
    text: str


SERVERS = [
    Server("consul", "CONSUL_BIN", "version", "MPL-2.0", "https://github.com/hashicorp/consul/tree/v{version}", (1, 17),
           "book/theme/LICENSE-MPL-2.0"),
    Server("redis-server", "REDIS_BIN", "--version", "BSD-3-Clause", "https://github.com/redis/redis/tree/{version}", (7, 4),
           "/usr/share/doc/redis-server/copyright"),
    Server("etcd", "ETCD_BIN", "--version", "Apache-2.0", "https://github.com/etcd-io/etcd/tree/v{version}", None,
           "/usr/share/doc/etcd-server/copyright"),
]


def found(server: Server, root: Path) -> Path | None:
    """The program: where its variable says, below `target/tools`, or on the PATH."""
    named = os.environ.get(server.variable)
    got = root / "target/tools" / server.name / server.name
    program = named or (str(got) if got.is_file() else shutil.which(server.name))
    return Path(program).resolve() if program and Path(program).is_file() else None


def version(program: Path, asks: str) -> tuple[str, tuple[int, int]] | None:
    """What it says of itself, as text and as two numbers; none where it does not run."""
    try:
        said = subprocess.run([program, asks], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)\.(\d+)(\.\d+)*", said)
    return (match[0], (int(match[1]), int(match[2]))) if match else None


def copy(root: Path, repository: Path, into: Path) -> list[str]:
    """Copies what is here and may be copied into the new folder `into`; returns a line of text for each server."""
    into.mkdir()
    told = []
    for server in SERVERS:
        told.append(copy_one(server, root, repository, into))
    (into / "LICENSES.txt").write_text(
        "These programs were made by others and are handed on unchanged, as this machine had them. The learner's\n"
        "workbook uses each where it runs, and an embedded one of its own elsewhere.\n\n" + "\n".join(told) + "\n",
        encoding="utf-8",
    )
    return told


def copy_one(server: Server, root: Path, repository: Path, into: Path) -> str:
    """See `copy`."""
    program = found(server, root)
    if program is None:
        return f"{server.name}: not on this machine, left out (`cargo workbook doctor` says how to get it)"
    known = version(program, server.asks)
    if known is None:
        return f"{server.name}: {program} does not run, left out"
    number, pair = known
    if server.until is not None and pair >= server.until:
        return f"{server.name} {number}: left out, because its licence is another one since {server.until[0]}.{server.until[1]}"
    text = repository / server.text
    if not text.is_file():
        return f"{server.name} {number}: left out, because the text of its licence is not in {server.text}"
    shutil.copyfile(program, into / server.name)
    (into / server.name).chmod(0o755)
    shutil.copyfile(text, into / f"{server.name}.LICENSE")
    source = server.source.format(version=number)
    return f"{server.name} {number}: {server.licence}, text in {server.name}.LICENSE; source: {source}"
