#!/usr/bin/env python3
"""Measures what this workbook claims, in one run on one machine, so that anyone can measure again.

Usage: python3 scripts/figures [verdict] [start] [page] [kills] [ladder] [rpc] [grpc] [consul] [crash]
                       [registries] [gateway] [draw] [picture] [captcha] [attack] [outside] [production] [timetable] [fuzz [SECONDS]]   (nothing: all)

  verdict  from save to verdict, every exercise: through `watch` and through bare cargo, median of 7;
           `verdict:08,09` only those of lessons 08 and 09
  start    from a cold `cargo run` to the first page, beside `cargo install rustlings`; warm start
  page     weight of chapter 01 over the wire, time to first paint, and from a key in a card's editor to saved,
           compiled and judged, in headless Chromium
  kills    200 kills at random moments while an exercise is edited, checked and reset
  ladder   every lesson with a row of the ladder, in one release run: writes `book/src/ladder/` and the plot
  rpc      lessons 02 and 03: calls a second beside Go's net/rpc; latency among 2,000 idle clients
  grpc     lesson 06: gRPC calls a second and their latency beside grpc-go (Debian's package
           golang-google-grpc-dev) and Python's grpcio (`scripts/test setup`)
  consul   lesson 08: the readable agent beside the real Consul (`scripts/test setup`, $CONSUL_BIN)
  crash    lesson 11: kill -9 of one of three under load, until nobody calls it, until it is off the list
  registries  lesson 13: its five registries, from registering to being seen, and until a goodbye or a
           kill -9 is known to others
  gateway  lesson 14: HTTP through the gateway (wrk) beside the direct gRPC call (h2load, of Debian's
           nghttp2-client), and every request that schemathesis can think of (`scripts/test setup`)
  draw     lesson 16: pictures a second beside the crates captcha and captcha-rs
  picture  lesson 16: codes that two programs read, by the number of pictures they have seen, with the drawing of
           the first edition and today's (installs scikit-learn below `target/`); writes the book's plot
  captcha  lesson 16: from a browser to Redis (wrk), requests a second and per core; one connection to Redis
           and one client of the services, beside one for each call as in the notes
  production  lesson 17: visitors lost when a machine dies, Redis' primary, Consul's leader, or a machine stands
           still; writes the book's chart. Five runs; 8 minutes
  timetable  lesson 17: the captcha site by timetable, direct, through Envoy and written the naive way: requests a
           second, p50, p99, p99.9, CPU time; where the time goes; writes `book/src/load/` and the plot. 6 minutes
  attack   HTTP/2 attacks on the gRPC servers of 06, 07, 14 and 16 and on tonic alone; request smuggling through
           HAProxy (Debian's haproxy) to the gateway; a clock that jumps (Debian's faketime); and `outside`
  outside  lessons 03, 08, 14, 15, 16 and the runner: the ten attacks from outside that have once worked
  fuzz     lessons 01 to 03: their decoders under noise for SECONDS (60), inputs, panics, peak memory

The first four work in a copy of the last commit under a temporary folder; the others build in `target/`
and are in `rpc.py` and its neighbours; your own files stay as they are.
Timings differ from run to run: compare the two sides of one run, not two runs.
"""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from attack import attack
from captcha import captcha
from consul import consul, crash, registries
from draw import draw
from gateway import gateway
from grpc import grpc
from ladder import ladder
from outside import outside
from picture import picture
from production import production
from rpc import fuzz, rpc
from timetable import timetable

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 7
KILLS = 200


def quiet(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, **more)


def clone(into):
    quiet("git", "clone", "--quiet", str(REPOSITORY), str(into))
    return into


def exercises(course, binary):
    out = subprocess.run([binary, "list", "--json"], cwd=course, check=True, capture_output=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def folder(course, exercise):
    return course / "lessons" / exercise["lesson"] / "exercises" / exercise["id"]


class Lines:
    """The output of a process, line by line, with the time at which each line came."""

    def __init__(self, process):
        self.lines = []
        self.fresh = threading.Condition()
        threading.Thread(target=self.read, args=(process.stdout,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            with self.fresh:
                self.lines.append((time.perf_counter(), line.rstrip("\n")))
                self.fresh.notify_all()

    def wait(self, start, wanted, limit=120):
        """The time of the first line from number `start` on for which `wanted` is true."""
        end = time.perf_counter() + limit
        with self.fresh:
            seen = start
            while True:
                for number in range(seen, len(self.lines)):
                    if wanted(self.lines[number][1]):
                        return self.lines[number][0]
                seen = len(self.lines)
                left = end - time.perf_counter()
                if left <= 0:
                    text = "\n".join(line for _, line in self.lines[-20:])
                    raise SystemExit(f"no verdict within {limit} s; the last lines:\n{text}")
                self.fresh.wait(left)


def save(path, text):
    """Saves as most editors do: a new file, renamed over the old one."""
    new = path.with_suffix(".tmp")
    new.write_text(text)
    new.rename(path)


def verdict(work, lessons=()):
    course = clone(work / "course")
    quiet("cargo", "build", "--package", "workbook", cwd=course)
    binary = course / "target" / "debug" / "workbook"
    print("From save to verdict, in seconds: median of", ROUNDS, "one-line edits of a right answer")
    print(f"{'exercise':<16}{'watch':>8}{'cargo':>8}{'ratio':>8}")
    medians, ratios = [], []
    environment = {key: value for key, value in os.environ.items() if key != "RUST_BACKTRACE"}
    for exercise in exercises(course, binary):
        if lessons and not exercise["lesson"].startswith(tuple(lessons)):
            continue
        here = folder(course, exercise)
        answer, solution = here / "exercise.rs", (here / "solution.rs").read_text()
        name = exercise["id"]
        process = subprocess.Popen(
            [binary, "watch", name, "--plain"], cwd=course, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        lines = Lines(process)
        headline = f" {name}   "
        is_verdict = lambda line: headline in line or line.startswith(f"{exercise['number']} {name} ")
        lines.wait(0, is_verdict, limit=300)
        time.sleep(0.5)
        watched, bare = [], []
        for number in range(ROUNDS):
            # Both sides take turns, so that a slow minute of the machine hits both.
            start = len(lines.lines)
            saved = time.perf_counter()
            save(answer, f"{solution}\n// edit {number} seen by watch\n")
            watched.append(lines.wait(start, lambda l: is_verdict(l) and "passed" in l) - saved)
            time.sleep(0.3)
            process.send_signal(signal.SIGSTOP)
            saved = time.perf_counter()
            save(answer, f"{solution}\n// edit {number} seen by cargo\n")
            quiet("cargo", "test", "--workspace", "--test", name, "--", "--test-threads=1",
                  cwd=course, env=environment)
            bare.append(time.perf_counter() - saved)
            start = len(lines.lines)
            process.send_signal(signal.SIGCONT)
            # The watch judges that text as well, before the next round begins.
            lines.wait(start, lambda l: is_verdict(l) and "passed" in l)
            time.sleep(0.3)
        process.terminate()
        process.wait()
        one, other = statistics.median(watched), statistics.median(bare)
        medians.append(one)
        ratios.append(one / other)
        print(f"{name:<16}{one:>8.2f}{other:>8.2f}{one / other:>8.2f}", flush=True)
        shutil.copy(here / "stub.rs", answer)
    print(f"median exercise {statistics.median(medians):.2f} s (goal: under 0.80), "
          f"median ratio {statistics.median(ratios):.2f} (goal: at most 1.10)\n")


def first_page(command, course, environment):
    """Starts the workbook; seconds until its first page has come over HTTP."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=course, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = Lines(process)
    port = command[-1]
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                assert page.status == 200 and b"<html" in page.read()
                seconds = time.perf_counter() - started
                break
        except OSError:
            if process.poll() is not None:
                raise SystemExit("\n".join(line for _, line in lines.lines))
            time.sleep(0.01)
    process.terminate()
    process.wait()
    return seconds


def start(work):
    course = clone(work / "cold")
    quiet("cargo", "fetch", cwd=course)
    environment = dict(os.environ, CARGO_TARGET_DIR=str(work / "cold-target"))
    port = str(random.randrange(20000, 30000))
    run = ["cargo", "run", "--", "--no-open", "--port", port]
    cold = first_page(run, course, environment)
    warm = statistics.median(first_page(run, course, environment) for _ in range(3))
    # Its sources are downloaded first: compiling is compared, not the network.
    quiet("cargo", "install", "rustlings", "--root", str(work / "fetched"),
          env=dict(os.environ, CARGO_TARGET_DIR=str(work / "fetched-target")))
    shutil.rmtree(work / "fetched-target")
    begun = time.perf_counter()
    quiet("cargo", "install", "rustlings", "--root", str(work / "rustlings"),
          env=dict(os.environ, CARGO_TARGET_DIR=str(work / "rustlings-target")))
    rustlings = time.perf_counter() - begun
    print(f"cold `cargo run` to first page   {cold:6.1f} s")
    print(f"cold `cargo install rustlings`   {rustlings:6.1f} s   ratio {cold / rustlings:.2f} "
          "(goal: at most 1.60)")
    print(f"warm `cargo run` to first page   {warm:6.2f} s   (goal: under 1)\n")


def page(_work):
    here = REPOSITORY / "scripts/workbook/tests/browser"
    if not (here / "node_modules").exists():
        quiet("npm", "ci", "--no-audit", "--no-fund", cwd=here)
    for script in ["weight.mjs", "latency.mjs"]:
        subprocess.run(["node", script], cwd=here, check=True)
    print()


def descendants_with(mark):
    """Processes whose working folder or command line lies in the course."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
            cwd = os.readlink(entry / "cwd")
        except OSError:
            continue
        if mark in line or cwd.startswith(mark):
            found.append(int(entry.name))
    return found


def kills(work):
    course = clone(work / "kills")
    quiet("cargo", "build", "--package", "workbook", cwd=course)
    binary = course / "target" / "debug" / "workbook"
    exercise = next(e for e in exercises(course, binary) if e["id"] == "frames")
    here = folder(course, exercise)
    answer = here / "exercise.rs"
    solution = (here / "solution.rs").read_text()
    quiet(binary, "check", "frames", "--answer", "solution", cwd=course)
    subprocess.run([binary, "check", "frames"], cwd=course, stdout=subprocess.DEVNULL)
    written, lost = set(), set()
    dice = random.Random(2026)
    for number in range(KILLS):
        text = f"{solution}\n// text {number}\n"
        if number % 5 == 4:
            text = text.replace("let mut digits = 0;", "let mut digits = 0; while digits == 0 {}")
        written.discard(answer.read_text())
        save(answer, text)
        written.add(text)
        command = dice.choice(["check", "check", "reset", "undo", "watch"])
        process = subprocess.Popen([binary, command, "frames"], cwd=course, stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        slow = command in ("check", "watch")
        time.sleep(dice.uniform(0, 1.2 if slow else 0.02))
        process.kill()
        process.wait()
        there = {answer.read_text()}
        kept = course / ".workbook" / "kept" / "frames"
        there |= {file.read_text() for file in kept.glob("*")} if kept.exists() else set()
        lost |= written - there
    time.sleep(3)
    log = course / ".workbook" / "attempts.jsonl"
    damaged = 0
    records = log.read_text().splitlines() if log.exists() else []
    for line in records:
        try:
            json.loads(line)
        except ValueError:
            damaged += 1
    left = descendants_with(str(course))
    print(f"{KILLS} kills: {len(lost)} texts lost of {KILLS}, {damaged} damaged records of "
          f"{len(records)}, {len(left)} processes left\n")


def main():
    known = {"verdict": verdict, "start": start, "page": page, "kills": kills, "rpc": rpc,
             "grpc": grpc, "ladder": ladder, "consul": consul, "crash": crash, "gateway": gateway, "registries": registries,
             "draw": draw, "picture": picture, "captcha": captcha, "attack": attack, "outside": outside,
             "production": production, "timetable": timetable}
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    known["fuzz"] = lambda work: fuzz(work, *(numbers or [60]))
    if any(name in ("-h", "--help") for name in sys.argv[1:]):
        print(__doc__)
        return
    wanted = [word for word in sys.argv[1:] if not word.isdigit()] or list(known)
    for name, _, lessons in (word.partition(":") for word in list(wanted)):
        if lessons and name == "verdict":
            known[f"verdict:{lessons}"] = lambda work, only=lessons.split(","): verdict(work, only)
    for name in wanted:
        if name not in known:
            raise SystemExit(f"there is no figure `{name}`; there are: {' '.join(known)}")
    cores = os.cpu_count()
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    print(f"{cores} cores, {rust}, {time.strftime('%Y-%m-%d')}\n")
    with tempfile.TemporaryDirectory(prefix="figures-") as work:
        for name in wanted:
            known[name](Path(work))


main()
