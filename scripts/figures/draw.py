"""The figure of lesson 16: pictures a second, beside two other crates. `python3 scripts/figures draw` runs it; it
builds in `target/figures-draw`, a workspace of its own, because no lesson needs those crates.

Go's dchest/captcha is left out: Debian has no package of it, from which our other Go programs are built.
"""

import os
import subprocess

from rpc import REPOSITORY, load

ROUNDS = 5
SECONDS = 2
SOURCE = REPOSITORY / "lessons" / "16-captcha" / "interop" / "rust"


def draw(_work):
    target = REPOSITORY / "target" / "figures-draw"
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=SOURCE, check=True,
                   env=dict(os.environ, CARGO_TARGET_DIR=str(target)))
    print(f"Load average {load()}")
    subprocess.run([target / "release" / "draw-beside", str(ROUNDS), str(SECONDS)], check=True)
    print(f"load average at the end {load()}\n")
