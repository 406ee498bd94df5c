"""The figures of lesson 08: the readable agent beside the real Consul 1.8.7, with identical requests.
`python3 scripts/figures consul` runs them; they build in `target/`, as cargo does. And those of lesson 11,
`python3 scripts/figures crash`: from a kill until nobody calls the dead one, and until it is off the list. And
those of lesson 13, `python3 scripts/figures registries`: five registries in one table.
"""

import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from rpc import REPOSITORY, load

ROUNDS = 5
# Instances of one service, and as many callers who wait for it to change.
INSTANCES = 1000
WATCHERS = 1000
# How often one of three is killed.
DEATHS = 15
QUERIES = {1: 40, 16: 160}
# The sizes at which memory is told. The real one compares all it has with the catalog after each
# registration: 10,000 at one agent would take it a quarter of an hour, and nobody has as many at one.
SIZES = {"agent": [1000, 3000, 10_000], "Consul 1.8.7": [1000, 3000]}


def programs():
    """Release builds: the agent and the client."""
    command = ["cargo", "build", "--release", "-p", "l08-consul", "--bins", "--bench",
               "consul-load", "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    found = {message["target"]["name"]: message["executable"]
             for message in built if message.get("executable")}
    return found["l08-consul"], found["consul-load"]


def real_consul():
    for path in (os.environ.get("CONSUL_BIN"), REPOSITORY / "target" / "tools" / "consul" / "consul"):
        if path and Path(path).exists():
            return str(path)
    raise SystemExit("there is no Consul here: `scripts/test setup`, or name one in $CONSUL_BIN")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Side:
    """One kind of agent: how it is started, and what was measured of it."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self):
        return Running(self.command(free_port()))


class Running:
    """An agent in a process of its own, empty, ended with the `with` block."""

    def __init__(self, command):
        self.address = command[0]
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command[1:], stdout=self.output, stderr=self.output)
        url = f"http://{self.address}/v1/health/service/consul?passing"
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if json.load(answer):
                        return
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        self.__exit__()
        self.output.seek(0)
        raise SystemExit(self.output.read().decode(errors="replace")[-2000:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def memory(self):
        """Resident memory now and at most, in MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return [int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def sides():
    agent, client = programs()
    consul = real_consul()

    def ours(port):
        return [f"127.0.0.1:{port}", agent, "agent", "--http-addr", f"127.0.0.1:{port}"]

    def theirs(port):
        # As `testkit::consul` starts it, with room for the watchers.
        return [f"127.0.0.1:{port}", consul, "agent", "-dev", "-bind=127.0.0.1",
                "-client=127.0.0.1", "-node=workbook", "-disable-host-node-id", "-dns-port=-1",
                "-grpc-port=-1", "-serf-wan-port=-1", f"-http-port={port}",
                f"-server-port={free_port()}", f"-serf-lan-port={free_port()}", "-log-level=info",
                "-hcl", "disable_update_check = true",
                "-hcl", "limits { http_max_conns_per_client = 5000 }"]

    def measure(running, *words):
        out = subprocess.run([client, running.address, *map(str, words)], check=True,
                             stdout=subprocess.PIPE, text=True)
        return [float(word) for word in out.stdout.split()]

    return Side("agent", ours), Side("Consul 1.8.7", theirs), measure


def one_round(side, measure):
    """All figures but memory, of a fresh agent."""
    figures = {}
    with side.start() as running:
        figures["registrations a second, 1 in flight"] = measure(
            running, "register", "one", 0, 300, 1)[0]
        figures["registrations a second, 16 in flight"] = measure(
            running, "register", "crowd", 0, INSTANCES, 16)[0]
        measure(running, "arrive", "crowd", INSTANCES)
        for in_flight, queries in QUERIES.items():
            name = f"health queries a second, {INSTANCES:,} instances, {in_flight} in flight"
            figures[name] = measure(running, "health", "crowd", queries, in_flight)[0]
        measure(running, "register", "watched", 0, 1, 1)
        measure(running, "arrive", "watched", 1)
        median, worst = measure(running, "wake", "watched", "watched-0", WATCHERS)
        figures[f"{WATCHERS:,} watchers woken by one change, median, ms"] = median
        figures[f"{WATCHERS:,} watchers woken by one change, worst, ms"] = worst
    return figures


def memory(side, measure):
    """Resident memory in MiB: idle, and at each of the sizes; and how long all of it took."""
    with side.start() as running:
        time.sleep(1)
        row, there = f"{side.name:<14}{running.memory()[0]:>8.0f}", 0
        start = time.monotonic()
        for size in SIZES[side.name]:
            measure(running, "register", "crowd", there, size, 16)
            measure(running, "arrive", "crowd", size)
            there = size
            row += f"{running.memory()[0]:>8.0f}"
        row += f"{'':<8}" * (len(SIZES["agent"]) - len(SIZES[side.name]))
        print(f"{row}{running.memory()[1]:>8.0f}{time.monotonic() - start:>10.1f}", flush=True)


def consul(_work):
    # A figure that is stopped ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    ours, theirs, measure = sides()
    print(f"load average at the start: {load()}")
    results = {ours: [], theirs: []}
    for number in range(ROUNDS):
        # Both sides take turns, and take turns at being first: a slow minute of the machine hits both.
        for side in (ours, theirs) if number % 2 == 0 else (theirs, ours):
            print(f"round {number + 1} of {ROUNDS}: {side.name}", file=sys.stderr, flush=True)
            results[side].append(one_round(side, measure))
    print(f"median of {ROUNDS} rounds, a fresh agent each; ratio: agent to Consul, and the range of "
          "single rounds")
    print(f"{'':<56}{'agent':>9}{'Consul':>9}{'ratio':>8}")
    for name in results[ours][0]:
        a, b = ([figures[name] for figures in results[side]] for side in (ours, theirs))
        one, other = statistics.median(a), statistics.median(b)
        ratios = sorted(x / y for x, y in zip(a, b))
        print(f"{name:<56}{one:>9.1f}{other:>9.1f}{one / other:>8.2f}"
              f"   {ratios[0]:.2f} to {ratios[-1]:.2f}", flush=True)
    print("\nmemory in MiB (resident): idle, with so many instances, and the most; and the seconds that "
          "all these registrations took")
    sizes = "".join(f"{size:>8,}" for size in SIZES["agent"])
    print(f"{'':<14}{'idle':>8}{sizes}{'most':>8}{'seconds':>10}")
    for side in (ours, theirs):
        memory(side, measure)
    print(f"load average at the end: {load()}\n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crash(_work):
    """Lesson 11: one of three instances is killed under load, with checks every 10 s."""
    command = ["cargo", "run", "--quiet", "-p", "l11-deregister", "--", "crash", "--rounds",
               str(DEATHS)]
    print(f"load average at the start: {load()}")
    # The first thing that it says is which Consul it is: the real one where there is one.
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            words = line.strip()
            if "kill -9" in words:
                print(words, file=sys.stderr, flush=True)
            elif not words or words[0].isdigit() and "Consul at" not in words and "deaths" not in words:
                continue
            else:
                print(words, flush=True)
    if running.returncode:
        raise SystemExit("a call has failed")
    print(f"load average at the end: {load()}\n")


def registries(_work):
    """Lesson 13: its five registries in one table; the program starts what they need and says what."""
    command = ["cargo", "run", "--quiet", "-p", "l13-framework", "--", "measure"]
    print(f"load average at the start: {load()}", flush=True)
    subprocess.run(command, cwd=REPOSITORY, check=True)
    print(f"load average at the end: {load()}\n")
