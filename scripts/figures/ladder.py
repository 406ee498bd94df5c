"""The ladder: the cost of the greeting call on every layer, from one release run of all lessons that print a row.
`python3 scripts/figures ladder` writes what each lesson printed to `book/src/ladder/`, where the chapters include it,
with one table of all rows and one plot, which the page "The ladder" shows.
"""

import os
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LESSONS = ["01-tcp", "02-rpc", "03-json-rpc", "04-typed-rpc", "05-protobuf", "06-grpc", "07-streaming",
           "09-register", "10-discover", "12-resilience"]
TEXTS = REPOSITORY / "book" / "src" / "ladder"
PLOT = REPOSITORY / "book" / "src" / "images" / "ladder.svg"
ROW = re.compile(r"^\| (\d\d [^|]*) \| (\d+) \| (\d+) \| ([^|]*) \|$", re.M)
HEAD = "| lesson | bytes | µs | lines of code |\n|---|---|---|---|\n"


def ladder(_work):
    packages = [word for lesson in LESSONS for word in ("-p", f"l{lesson}")]
    subprocess.run(["cargo", "build", "--release", "--bins", *packages], cwd=REPOSITORY, check=True)
    rows = []
    texts = {}
    print("load before the run:", " ".join(f"{value:.2f}" for value in os.getloadavg()))
    for lesson in LESSONS:
        program = REPOSITORY / "target" / "release" / f"l{lesson}"
        print(f"{program.name} measure", flush=True)
        ran = subprocess.run([program, "measure"], cwd=REPOSITORY, check=True, text=True, stdout=subprocess.PIPE)
        found = ROW.findall(ran.stdout)
        if len(found) != 1:
            raise SystemExit(f"{program.name} measure printed {len(found)} rows of the ladder, and must print one:\n"
                             f"{ran.stdout}")
        rows.append(found[0])
        # Lesson 05 compares sizes first; its chapter shows that table elsewhere.
        start = max(ran.stdout.find("The greeting call"), 0)
        texts[lesson] = ran.stdout[start:].strip() + "\n"
    # Nothing is written until every lesson has been measured: the book never holds rows of two runs.
    TEXTS.mkdir(exist_ok=True)
    for lesson, text in texts.items():
        (TEXTS / f"{lesson}.txt").write_text(text)
    table = HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    (TEXTS / "table.md").write_text(table)
    PLOT.write_text(plot(rows))
    print(table)
    print(f"written: {TEXTS.relative_to(REPOSITORY)}/ and {PLOT.relative_to(REPOSITORY)}")
    print("The sentences of the chapters that name a figure are written by hand: read them again.")


STYLE = """
.panel{fill:#fdfcf9;stroke:#dedbd0;stroke-width:1.5}.t{fill:#1c2530}.s{fill:#505b67}.us{fill:#0a5f66}.by{fill:#8d5a06}
text{font-family:"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;font-size:15px}.h{font-weight:700;font-size:17px}
@media (prefers-color-scheme:dark){.panel{fill:#18212a;stroke:#2c3844}.t{fill:#e3e8ec}.s{fill:#a5b1bd}.us{fill:#63cdc9}.by{fill:#f0b072}}
"""
WIDTH, LEFT, RIGHT, STEP, TOP = 400, 20, 70, 62, 64


def plot(rows):
    """Two bars a lesson, each length on the scale of its unit, from 0 to the largest of all rows."""
    height = TOP + STEP * len(rows) + 12
    room = WIDTH - LEFT - RIGHT
    most_bytes = max(int(row[1]) for row in rows)
    most_micros = max(int(row[2]) for row in rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
           "<title>The greeting call on every layer: microseconds and bytes</title>", f"<style>{STYLE}</style>",
           f'<rect class="panel" x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="16"/>',
           f'<text class="h us" x="{LEFT}" y="34">µs of a call</text>',
           f'<text class="h by" x="{LEFT + 130}" y="34">bytes of a call</text>']
    for at, (lesson, size, micros, _) in enumerate(rows):
        y = TOP + STEP * at
        out.append(f'<text class="t" x="{LEFT}" y="{y + 12}">{lesson}</text>')
        for name, value, most, below in (("us", int(micros), most_micros, 18), ("by", int(size), most_bytes, 33)):
            length = max(2, round(room * value / most))
            out.append(f'<rect class="{name}" x="{LEFT}" y="{y + below}" width="{length}" height="12" rx="2"/>')
            out.append(f'<text class="s" x="{LEFT + length + 8}" y="{y + below + 11}">{value:,}</text>')
    return "\n".join(out) + "\n</svg>\n"
