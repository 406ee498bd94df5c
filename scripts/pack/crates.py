"""The local registry: each crate of Cargo.lock as its .crate file, with an index that Cargo reads without a network.

The layout is Cargo's own `local-registry`: `NAME-VERSION.crate` side by side, and below `index/` one file a name with one
line of JSON a version. The lines are made from `cargo metadata`, a documented interface; the files that Cargo itself keeps
of the index are not.
"""

import hashlib
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
# `cargo fetch` over a slow line.
FETCH_SECONDS = 1800
METADATA_SECONDS = 120


class PackError(Exception):
    """Why there is no bundle, in words that say what to do."""


def registry(repository: Path, into: Path) -> int:
    """Writes the registry of the workspace in `repository` into the new folder `into`; returns how many crates it has."""
    locked = of_lock(repository / "Cargo.lock")
    cargo(repository, FETCH_SECONDS, "fetch", "--locked")
    described = json.loads(cargo(repository, METADATA_SECONDS, "metadata", "--locked", "--offline", "--format-version", "1"))
    into.mkdir()
    caches = cached(repository)
    lines: dict[str, list[str]] = {}
    for package in sorted(described["packages"], key=lambda package: version_key(package["version"])):
        if package["source"] is None:
            continue
        if package["source"] != CRATES_IO:
            raise PackError(f"{package['name']} does not come from crates.io, and the bundle has no place for it")
        name, version = package["name"], package["version"]
        checksum = locked.pop((name, version))
        file = f"{name}-{version}.crate"
        copy_checked(file, checksum, caches, into)
        lines.setdefault(name, []).append(json.dumps(entry(package, checksum), separators=(",", ":")))
    if locked:
        raise PackError(f"`cargo metadata` does not tell of {', '.join(name for name, _ in sorted(locked))}")
    for name, versions in lines.items():
        path = into / "index" / index_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in versions), encoding="utf-8")
    return sum(len(versions) for versions in lines.values())


def of_lock(lock: Path) -> dict[tuple[str, str], str]:
    """Name and version of each crate of a registry in `lock`, with its SHA-256."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return {(each["name"], each["version"]): each["checksum"] for each in packages if "checksum" in each}


def cargo(folder: Path, seconds: int, *arguments: str) -> str:
    """What cargo prints in `folder`; its complaints become the error."""
    program = os.environ.get("CARGO") or "cargo"
    try:
        done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise PackError(f"`cargo {arguments[0]}` took more than {seconds} s; try again with a better connection") from None
    if done.returncode != 0:
        raise PackError(f"`cargo {' '.join(arguments)}` failed:\n{done.stderr.strip()}\n"
                          "The crates of all systems are needed: run `cargo fetch --locked` once with the internet.")
    return done.stdout


def cached(repository: Path) -> list[Path]:
    """The folders in which .crate files may lie: Cargo's own, and the registry of a bundle that we were started in."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    here = Path(__file__).resolve().parents[2]
    return [*sorted((home / "registry/cache").glob("*")), here.parent / "crates", repository.parent / "crates"]


def copy_checked(file: str, checksum: str, caches: list[Path], into: Path) -> None:
    """Copies the first `file` of `caches` that has this SHA-256."""
    for folder in caches:
        try:
            content = (folder / file).read_bytes()
        except FileNotFoundError:
            continue
        if hashlib.sha256(content).hexdigest() == checksum:
            (into / file).write_bytes(content)
            return
    raise PackError(f"{file} is not in Cargo's cache with the checksum of Cargo.lock: run `cargo fetch --locked`")


def entry(package: dict, checksum: str) -> dict:
    """One line of the index, as the Cargo book defines it under "Index Format"."""
    features, second = {}, {}
    for name, enables in sorted(package["features"].items()):
        # Cargo before 1.60 does not know this syntax, so the index keeps it in a field of its own.
        new = any(enabled.startswith("dep:") or "?/" in enabled for enabled in enables)
        (second if new else features)[name] = enables
    line = {
        "name": package["name"],
        "vers": package["version"],
        "deps": [dependency(each) for each in package["dependencies"]],
        "cksum": checksum,
        "features": features,
        "yanked": False,
        "links": package["links"],
        "v": 2 if second else 1,
    }
    if second:
        line["features2"] = second
    if package.get("rust_version"):
        line["rust_version"] = package["rust_version"]
    return line


def dependency(each: dict) -> dict:
    """A dependency as the index has it: `name` is the one in the source, `package` the real one where it differs."""
    line = {
        "name": each["rename"] or each["name"],
        "req": each["req"],
        "features": each["features"],
        "optional": each["optional"],
        "default_features": each["uses_default_features"],
        "target": each["target"],
        "kind": each["kind"] or "normal",
    }
    if each["rename"]:
        line["package"] = each["name"]
    return line


def index_path(name: str) -> Path:
    """Where the index has a crate: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcde`."""
    small = name.lower()
    match len(small):
        case 1 | 2:
            return Path(str(len(small)), small)
        case 3:
            return Path("3", small[0], small)
        case _:
            return Path(small[:2], small[2:4], small)


def version_key(version: str) -> list[int]:
    """Versions in their order; what stands behind a `-` or `+` does not count here."""
    return [int(number) for number in re.split(r"[-+]", version)[0].split(".")]
