"""The figures of lesson 17: what the failure of a machine costs, of Redis' primary, of Consul's leader, and of a cut.
`python3 scripts/figures production` runs it five times. Each failure has a site of its own.
"""

import json
import statistics
import subprocess
from pathlib import Path

from rpc import REPOSITORY, load

FAILURES = ["one", "redis-primary", "consul-leader", "cut-one"]
NAMES = {
    "one": "a machine, all six processes",
    "redis-primary": "Redis' primary",
    "consul-leader": "Consul's leader",
    "cut-one": "a machine stands still",
}
SVG = REPOSITORY / "book" / "src" / "images" / "machine-dies.svg"


def production(_work, runs=5):
    build = ["cargo", "build", "--release", "--quiet", "-p", "l17-production"]
    subprocess.run(build, cwd=REPOSITORY, check=True)
    program = REPOSITORY / "target" / "release" / "l17-production"
    print(f"Load average {load()}")
    lines = []
    for number in range(runs):
        print(f"run {number + 1} of {runs}, about a minute and a half ...", flush=True)
        command = [program, "dies", "--json", "--net", "9", *FAILURES]
        done = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
        lines += [line for line in done.stdout.splitlines() if line.startswith("{")]
    show(lines, runs)
    print(f"load average at the end {load()}\n")


def show(lines, runs):
    """Prints the table, and draws the chart."""
    costs = [json.loads(line) for line in lines]
    print(f"Median of {runs} runs (lowest to highest), 20 visitors a second for 15 s\n")
    print("| what dies | visitors lost | until the last of them | accepted twice, of answers sent again |")
    print("|---|---|---|---|")
    for what in FAILURES:
        of = [cost for cost in costs if named(cost) == what]
        lost = [cost["lost"] for cost in of]
        seconds = [cost["seconds"] for cost in of]
        twice, again = sum(cost["twice"] for cost in of), sum(cost["again"] for cost in of)
        print(f"| {NAMES[what]} | {median(lost, 0)} | {median(seconds, 1)} s | {twice} of {again} |")
    SVG.parent.mkdir(parents=True, exist_ok=True)
    SVG.write_text(chart(costs), encoding="utf-8")
    print(f"\n{SVG.relative_to(REPOSITORY)}")


def named(cost):
    return cost["what"].replace("cut ", "cut-")


def median(values, digits):
    parts = (statistics.median(values), min(values), max(values))
    return "{} ({} to {})".format(*(f"{part:.{digits}f}" for part in parts))


def chart(costs):
    """Lost visitors in each half of a second after the failure, one row a failure, the mean of the runs."""
    left, width, row, top, seconds, most = 20, 560, 70, 30, 10, 10
    across, down = left + width + 20, top + row * 4 + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" height="{down}" role="img">',
           "<title>Lost visitors after a failure, in each half of a second</title>",
           "<style>text{font:14px sans-serif;fill:#1c2530}line{stroke:#505b67}.panel{fill:#fdfcf9}"
           "@media (prefers-color-scheme:dark){text{fill:#e3e8ec}line{stroke:#a5b1bd}.panel{fill:#18212a}}</style>",
           f'<rect class="panel" width="{across}" height="{down}" rx="16"/>']
    for place, what in enumerate(FAILURES):
        base = top + row * (place + 1) - 10
        of = [cost for cost in costs if named(cost) == what]
        bars = {}
        for cost in of:
            for tenth, lost in cost["chart"]:
                bars[tenth // 5] = bars.get(tenth // 5, 0) + lost / len(of)
        out.append(f'<text x="{left}" y="{base - 42}">{NAMES[what]}</text>')
        out.append(f'<line x1="{left}" y1="{base}" x2="{left + width}" y2="{base}" opacity="0.4"/>')
        step = width / (2 * (seconds + 1))
        for half, lost in sorted(bars.items()):
            x, height = left + (half + 2) * step, min(lost, most) * 3.6
            if half < 2 * seconds:
                out.append(f'<rect x="{x:.1f}" y="{base - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}" '
                           'fill="#c0392b"/>')
    step, low = width / (seconds + 1), top + row * 4 + 10
    for second in range(-1, seconds + 1):
        out.append(f'<text x="{left + (second + 1) * step:.0f}" y="{low}" text-anchor="middle">{second}</text>')
    out.append(f'<text x="{left}" y="{low + 22}">seconds since the failure; a full bar is all 10 visitors of a half second'
               '</text></svg>')
    return "\n".join(out) + "\n"


def from_file(path, runs):
    """Table and chart of lines that were kept."""
    lines = [line for line in Path(path).read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    show(lines, runs)
