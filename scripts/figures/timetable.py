"""The figures of lesson 17's page about load: the whole captcha site by timetable, direct, through Envoy, and written the
naive way; and where the time of one request goes. `python3 scripts/figures timetable` runs it five times in about six
minutes, and writes what the page includes: the tables and the trace in `book/src/load/`, and one plot.
"""

import json
import re
import statistics
import subprocess
import time
from pathlib import Path

from ladder import STYLE
from rpc import REPOSITORY, load

TEXTS = REPOSITORY / "book" / "src" / "load"
PLOT = REPOSITORY / "book" / "src" / "images" / "site-load.svg"
TARGETS = {"web direct": "direct", "through Envoy": "through Envoy", "naive, direct": "the naive way, direct"}
COLUMNS = {"requests_per_second": ("requests/s", 0), "p50": ("p50 ms", 1), "p99": ("p99 ms", 1),
           "p999": ("p99.9 ms", 1), "failed": ("failed", 0), "not_sent": ("not sent", 0),
           "cpu_ms_per_request": ("CPU ms a request", 2), "requests_per_core_second": ("requests a core-second", 0)}

# What is held is all sent, and none of it fails.
HELD = {"rate": ("visits/s", 0)} | {name: of for name, of in COLUMNS.items() if name not in ("failed", "not_sent")}


def timetable(_work, runs=5):
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "l17-production"], cwd=REPOSITORY, check=True)
    program = REPOSITORY / "target" / "release" / "l17-production"
    before = load()
    common = {target: [] for target in TARGETS}
    held = {target: [] for target in TARGETS}
    for number in range(runs):
        print(f"run {number + 1} of {runs}, a good minute ...", flush=True)
        done = subprocess.run([program, "timetable", "site", "--json"], cwd=REPOSITORY, check=True,
                              stdout=subprocess.PIPE, text=True)
        rungs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        for target in TARGETS:
            of = [rung for rung in rungs if rung["target"] == target]
            common[target].append(of[0])
            # A site that does not hold the first rate has that row; its p99 tells.
            held[target].append(max((rung for rung in of if rung["held"]), key=lambda rung: rung["rate"], default=of[0]))
    trace = where(program)
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = subprocess.run(["nproc"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    run = (f"Measured on {time.strftime('%Y-%m-%d')}: {cores} cores ({model[1] if model else 'of an unknown model'}), release "
           f"build; load average {before} before the first run and {load()} after the last. Medians of {runs} runs, and "
           "the lowest and highest of them in brackets.\n")
    TEXTS.mkdir(exist_ok=True)
    files = {"run.md": run, "common.md": table(common, COLUMNS), "held.md": table(held, HELD), "trace.txt": trace}
    for name, text in files.items():
        (TEXTS / name).write_text(text)
        print(f"\n{name}:\n{text}")
    PLOT.write_text(plot(common, held))
    print(f"written: {TEXTS.relative_to(REPOSITORY)}/ and {PLOT.relative_to(REPOSITORY)}")
    print("The sentences of 17-load.md that name a figure are written by hand: read them again.")


def where(program):
    """The own times of one request; the rest of that demo is not needed."""
    seeing = subprocess.Popen([program, "seeing"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    text, seen = "", False
    for line in seeing.stdout:
        if "the picture" in line:
            break
        text += line if seen else ""
        seen = seen or "where the time goes" in line
    seeing.kill()
    seeing.wait()
    return text.strip("\n") + "\n"


def middle(rungs, column):
    return statistics.median(rung[column] for rung in rungs)


def table(of, columns):
    heads = [head for head, _ in columns.values()]
    lines = [f"| target | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for target, name in TARGETS.items():
        cells = []
        for column, (_, digits) in columns.items():
            values = [rung[column] for rung in of[target]]
            half, low, high = (f"{value:,.{0 if value >= 100 else digits}f}"
                               for value in (statistics.median(values), min(values), max(values)))
            cells.append(low if low == high else f"{half} ({low} to {high})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(common, held):
    """Three bars a target, each length on the scale of its unit, from 0 to the largest of the three targets."""
    bars = [("us", "requests/s, the highest rate held", held, "requests_per_second", 0),
            ("by", "CPU ms of a request, at the first rate", common, "cpu_ms_per_request", 2),
            ("p9", "p99 of a visit in ms, at the first rate", common, "p99", 0)]
    width, left, right, top, step = 400, 20, 80, 92, 80
    height = top + step * len(TARGETS) + 6
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
           "<title>The captcha site by timetable: requests a second, CPU time and p99 of three ways</title>",
           f"<style>{STYLE}.p9{{fill:#7a3e8f}}@media (prefers-color-scheme:dark){{.p9{{fill:#d3a4e4}}}}</style>",
           f'<rect class="panel" x="1" y="1" width="{width - 2}" height="{height - 2}" rx="16"/>']
    for at, (kind, words, *_) in enumerate(bars):
        out.append(f'<text class="h {kind}" x="{left}" y="{30 + 21 * at}">{words}</text>')
    for at, (target, name) in enumerate(TARGETS.items()):
        y = top + step * at
        out.append(f'<text class="t" x="{left}" y="{y + 12}">{name}</text>')
        for below, (kind, _, of, column, digits) in enumerate(bars):
            value, most = middle(of[target], column), max(middle(of[it], column) for it in TARGETS)
            length = max(2, round((width - left - right) * value / most)) if most else 2
            line = y + 18 + 16 * below
            out.append(f'<rect class="{kind}" x="{left}" y="{line}" width="{length}" height="12" rx="2"/>')
            out.append(f'<text class="s" x="{left + length + 8}" y="{line + 11}">{value:,.{digits}f}</text>')
    return "\n".join(out) + "\n</svg>\n"
