#!/usr/bin/env python3
"""Writes a bundle for a class without internet. `cargo workbook pack --help` says what it takes and what it holds.

It is Python because pip is needed for the wheels anyway, and because the runner, which the first `cargo run` compiles, must
not grow for what a teacher does once. The folder is written under another name and renamed at the end: whatever ends
this, a folder with the right name is whole.
"""

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import crates
import servers
from crates import PackError

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# What `--without` can name. The repository and its crates are the bundle.
OPTIONAL = ["book", "servers", "wheels"]
# How often a part that takes long says how far it is.
TICK = 2.0
PIP_SECONDS = 1800
GIT_SECONDS = 300


def main() -> int:
    """Reads the command line and writes the bundle; a failure is one message and exit code 1."""
    arguments = read_arguments()
    # Closing the terminal and `kill` tidy up as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    target = arguments.to.absolute()
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        for there in [target, *([archive(target)] if arguments.archive else [])]:
            if there.exists():
                raise PackError(f"{there} is there already: remove it, or choose another folder with --to FOLDER")
        added = arguments.toolchain
        if added is not None and not (added.is_dir() and any(added.iterdir())):
            raise PackError(f"--toolchain {added}: there is no such folder, or it is empty")
        write(arguments, target, unfinished)
    except KeyboardInterrupt:
        print("\nStopped: no bundle was written.", file=sys.stderr)
        return 130
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: the bundle cannot be written: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        archive(target).with_suffix(".unfinished").unlink(missing_ok=True)
    return 0


def read_arguments() -> argparse.Namespace:
    """The options; their help is in the runner's `pack` command."""
    parser = argparse.ArgumentParser(prog="cargo workbook pack", add_help=False)
    parser.add_argument("--to", type=Path, default=ROOT / "target/sockets-to-services")
    parser.add_argument("--archive", action="store_true")
    parser.add_argument("--toolchain", type=Path)
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--without", action="append", default=[], choices=OPTIONAL)
    # The built book, which the runner names.
    parser.add_argument("--book", type=Path, required=True)
    return parser.parse_args()


def write(arguments: argparse.Namespace, target: Path, folder: Path) -> None:
    """All parts, each with its size and time, and then the right name for the whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    repository = folder / "workbook"
    commit = part("repository", repository, lambda: clone(repository))
    part("crates", folder / "crates", lambda: f"{crates.registry(repository, folder / 'crates')} crates")
    if "book" not in arguments.without:
        part("book", folder / "book", lambda: copy_folder(arguments.book, folder / "book"))
    if "servers" not in arguments.without:
        part("servers", folder / "servers", lambda: "; ".join(servers.copy(ROOT, repository, folder / "servers")))
    if "wheels" not in arguments.without:
        part("wheels", folder / "wheels", lambda: wheels(repository, folder / "wheels", arguments.python))
    if arguments.toolchain is not None:
        part("toolchain", folder / "toolchain", lambda: copy_folder(arguments.toolchain, folder / "toolchain"))
    text = (HERE / "README.txt").read_text(encoding="utf-8")
    python = f"Python {', '.join(arguments.python) or '.'.join(map(str, sys.version_info[:2]))}"
    (folder / "README.txt").write_text(text.format(commit=commit, python=python), encoding="utf-8")
    part("checksums", folder / "SHA256SUMS", lambda: checksums(folder))
    shutil.copy(HERE / "start", folder / "start")
    if arguments.archive:
        part("archive", archive(target).with_suffix(".unfinished"), lambda: pack_up(folder, target))
        archive(target).with_suffix(".unfinished").rename(archive(target))
    folder.rename(target)
    print(f"{megabytes(size(target))} in {target}")
    if arguments.archive:
        print(f"{megabytes(size(archive(target)))} in {archive(target)}")
    print("On a learner's machine: copy it, and in it run ./start")


def part(name: str, place: Path, work: Callable[[], str]) -> str:
    """Does the work of one part; says every two seconds how much of it is there, and in the end its size and time."""
    began, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(TICK):
            print(f"  {name}: {megabytes(size(place))} after {time.monotonic() - began:.0f} s ...", flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        told = work()
    finally:
        done.set()
        teller.join()
    print(f"{name:<10} {megabytes(size(place)):>9}  {time.monotonic() - began:5.1f} s  {told}", flush=True)
    return told


def clone(into: Path) -> str:
    """Clones HEAD; a learner's answers and record are no part of it, because git does not know them."""
    # No log of references: it would hold the name of this machine's folder.
    git("-c", "core.logAllRefUpdates=false", "clone", "--quiet", "--no-local", "--single-branch", "--no-tags", str(ROOT), str(into))
    origin = subprocess.run(["git", "-C", ROOT, "remote", "get-url", "origin"], capture_output=True, text=True, check=False).stdout.strip()
    # A folder of this machine is of no use to others.
    if "://" in origin or "@" in origin:
        git("-C", str(into), "remote", "set-url", "origin", origin)
    else:
        git("-C", str(into), "remote", "remove", "origin")
    changed = git("-C", str(ROOT), "status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        print(f"  not in the bundle, because not committed: {len(changed)} changed files", flush=True)
    return git("-C", str(into), "rev-parse", "--short", "HEAD").strip()


def git(*arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    if done.returncode != 0:
        raise PackError(f"git failed, and the bundle is made from a clone: {done.stderr.strip()}")
    return done.stdout


def wheels(repository: Path, into: Path, pythons: list[str]) -> str:
    """Gets the Python packages of all lessons' peers as wheels, for this Python or for those that are named."""
    into.mkdir()
    lists = sorted(repository.glob("lessons/*/interop/python/requirements.txt"))
    asked = [argument for each in lists for argument in ("--requirement", str(each))]
    for chosen in [["--python-version", each] for each in pythons] or [[]]:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
                   "--dest", str(into), *chosen, *asked]
        # In a group of its own, so that Ctrl-C reaches this program first, which then ends it.
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            _, complaint = child.communicate(timeout=PIP_SECONDS)
        except subprocess.TimeoutExpired:
            complaint = f"it took more than {PIP_SECONDS} s"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if child.returncode != 0:
            raise PackError(f"pip cannot get the Python packages: {complaint.strip()[-800:]}\n"
                            "With the internet, try again; without the packages: --without wheels")
    return f"{len(list(into.iterdir()))} Python packages"


def copy_folder(source: Path, into: Path) -> str:
    """Copies a folder."""
    shutil.copytree(source, into)
    return f"{sum(1 for path in into.rglob('*') if path.is_file())} files"


def checksums(folder: Path) -> str:
    """Writes SHA256SUMS over all that a learner does not change."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] != "workbook":
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name.as_posix()}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return f"of {len(lines)} files"


def archive(target: Path) -> Path:
    """The file that `--archive` writes."""
    return target.with_name(f"{target.name}.tar")


def pack_up(folder: Path, target: Path) -> str:
    """Writes the folder into one .tar, without compression: nearly all of it is compressed already."""
    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive(target).with_suffix(".unfinished"), "w") as out:
        out.add(folder, arcname=target.name, filter=anonymous)
    return "one file"


def size(place: Path) -> int:
    """The bytes of a file, or of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for path in [place, *place.rglob("*")] if place.is_dir() else [place]:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            pass
    return total


def megabytes(count: int) -> str:
    """A size for people."""
    return f"{count / 1_000_000:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
