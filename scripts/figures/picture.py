"""How many codes two programs read, by the number of pictures they have seen: `lessons/16-captcha/interop/reader`.

`python3 scripts/figures picture` runs it with scikit-learn in an environment of its own below `target/`, because
nothing else needs that library; it is too large for each run of the tests.
"""

import os
import subprocess
import sys

from rpc import REPOSITORY

READER = REPOSITORY / "lessons" / "16-captcha" / "interop" / "reader"
PLOT = REPOSITORY / "book" / "src" / "images" / "captcha-readers.svg"


def picture(_work):
    python = REPOSITORY / "target" / "figures-reader" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
    python = python / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", READER / "requirements.txt"], check=True)
    # Many threads for small matrices only wait for each other.
    subprocess.run([python, READER / "reader.py", "before", "now", "--svg", PLOT], check=True,
                   env=dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"))
    print()
