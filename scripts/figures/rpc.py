"""The figures of lessons 02 and 03: calls a second beside Go, latency in a crowd, decoders under noise.
`python3 scripts/figures rpc` and `python3 scripts/figures fuzz` run them; they build in `target/`, as cargo does.
"""

import json
import os
import re
import resource
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LESSON_02 = REPOSITORY / "lessons" / "02-rpc"
LESSON_03 = REPOSITORY / "lessons" / "03-json-rpc"
ROUNDS = 9
CALLS = {1: 10_000, 64: 64_000}
IDLE = 2000
CROWD_CALLS = 5_000


def load():
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


# ---- programs

def rust_programs():
    """Release builds: the path of each program by its name."""
    command = ["cargo", "build", "--release", "-p", "l02-rpc", "-p", "l03-json-rpc", "--bins",
               "--bench", "calls", "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    return {message["target"]["name"]: message["executable"]
            for message in built if message.get("executable")}


def go_program(source):
    """A program of Go's standard library alone: no module, no network, no settings of the user."""
    target = REPOSITORY / "target" / "figures" / "go"
    program = target / "-".join(source.relative_to(REPOSITORY / "lessons").parts)
    environment = dict(os.environ, GO111MODULE="off", GOFLAGS="", GOENV="off", GOPROXY="off",
                       CGO_ENABLED="0", GOPATH=str(target / "path"), GOCACHE=str(target / "cache"))
    subprocess.run(["go", "build", "-o", program, "main.go"], cwd=source, check=True,
                   env=environment)
    return program


class Server:
    """A server in a process of its own, ended with the `with` block. It says where it listens."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addresses = {}
        for line in self.process.stdout:
            what, address = line.strip().split(" on ")
            self.addresses[what] = address
            if what == "listening":
                return
        raise SystemExit(f"{command[0]} ended before it listened")

    def __enter__(self):
        return self.addresses

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def measure(client, address, in_flight, calls):
    """Calls a second, median and 99th percentile of a call in microseconds."""
    out = subprocess.run([client, address, str(in_flight), str(calls)], check=True,
                         stdout=subprocess.PIPE, text=True)
    return [float(word) for word in out.stdout.split()]


# ---- calls a second

def versus(what, ours, theirs):
    """One row for each number of calls in flight; a side is a client and the address it calls."""
    for in_flight, calls in CALLS.items():
        results = {ours: [], theirs: []}
        for number in range(ROUNDS):
            # Both sides take turns, and take turns at being first: a slow minute of the machine
            # hits both.
            for side in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                results[side].append(measure(*side, in_flight, calls)[0])
        one, other = statistics.median(results[ours]), statistics.median(results[theirs])
        ratios = sorted(a / b for a, b in zip(results[ours], results[theirs]))
        print(f"{what:<44}{in_flight:>6}{one:>10.0f}{other:>10.0f}{one / other:>8.2f}"
              f"   {ratios[0]:.2f} to {ratios[-1]:.2f}", flush=True)


# ---- a crowd

class Crowd:
    """Many clients that say nothing, and one that begins a message and sends a byte now and then."""

    def __init__(self, address, beginning, byte):
        host, port = address.split(":")
        self.clients = [socket.create_connection((host, int(port))) for _ in range(IDLE + 1)]
        self.over = threading.Event()
        self.clients[-1].sendall(beginning)
        threading.Thread(target=self.send_slowly, args=(byte,), daemon=True).start()
        # Until the server has accepted them all: this is about clients that are there.
        time.sleep(0.5)

    def send_slowly(self, byte):
        while not self.over.wait(0.03):
            self.clients[-1].sendall(byte)

    def leave(self):
        """How many were still welcome: a connection that the server closed can be read from."""
        self.over.set()
        time.sleep(0.1)
        there = 0
        for client in self.clients:
            client.setblocking(False)
            try:
                client.recv(1)
            except BlockingIOError:
                there += 1
            except OSError:
                pass
            client.close()
        return there


def crowd(what, client, address, beginning, byte):
    alone, crowded, there = [], [], []
    for _ in range(ROUNDS):
        alone.append(measure(client, address, 1, CROWD_CALLS)[1:])
        guests = Crowd(address, beginning, byte)
        crowded.append(measure(client, address, 1, CROWD_CALLS)[1:])
        there.append(guests.leave())
        # The server has something to clean up; that is not the next round's affair.
        time.sleep(0.3)
    for number, name in enumerate(["median", "p99"]):
        one = statistics.median(times[number] for times in alone)
        other = statistics.median(times[number] for times in crowded)
        print(f"{what + ', ' + name:<44}{one:>8.1f}{other:>10.1f}{other / one:>8.2f}", flush=True)
    print(f"  at the end of a round {min(there)} of {IDLE + 1} were still connected")


# ---- the figures

def rpc(_work):
    rust = rust_programs()
    gob = go_program(LESSON_02 / "interop" / "go" / "bench")
    go_client = go_program(LESSON_03 / "interop" / "go" / "bench")
    go_server = go_program(LESSON_03 / "interop" / "go" / "server")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    version = subprocess.run(["go", "version"], capture_output=True, text=True).stdout.strip()
    free = "127.0.0.1:0"
    many = ["--clients", str(IDLE + 1000)]
    own = [rust["l02-rpc"], "server", "--addr", free, *many]
    dialects = [rust["l03-json-rpc"], "server", "--addr", free, "--http-addr", free,
                "--go-addr", free, *many]

    print(f"The greeting call, on one connection of 127.0.0.1; release builds, {version}")
    print(f"Calls a second: median of {ROUNDS} alternating rounds; load average {load()}")
    print(f"{'ours and Go':<44}{'flight':>6}{'ours':>10}{'Go':>10}{'ratio':>8}   of single rounds")
    with Server(*own) as ours, Server(gob, "server") as theirs:
        versus("own RPC, own client; net/rpc, gob", (rust["calls"], ours["listening"]),
               (gob, theirs["listening"]))
    with Server(*dialects) as ours, Server(go_server) as theirs:
        versus("Go's dialect; net/rpc/jsonrpc, one Go client", (go_client, ours["go"]),
               (go_client, theirs["listening"]))
    print("(goal: a ratio of at least 1.00 in each row)\n")

    print(f"Microseconds of a good client's call, alone and among {IDLE} idle clients and a slow one")
    print(f"Median of {ROUNDS} alternating rounds; load average {load()}")
    print(f"{'server':<44}{'alone':>8}{'crowded':>10}{'ratio':>8}")
    with Server(*own) as ours:
        # A frame of 60,000 bytes is begun.
        crowd("own RPC", rust["calls"], ours["listening"], (60_000).to_bytes(4, "big"), b"\0")
    with Server(*dialects) as ours:
        crowd("Go's dialect, Go client", go_client, ours["go"], b'{"method":"', b"x")
    print(f"load average at the end {load()}\n")


def fuzz(_work, seconds):
    # Not the release build: here a sum that does not fit panics.
    command = ["cargo", "test", "--quiet", "-p", "l01-tcp", "-p", "l02-rpc", "-p", "l03-json-rpc",
               "--test", "it", "--no-run", "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    # The lessons' own programs are built as well.
    tests = [message["executable"] for message in built
             if message.get("executable") and message["target"]["kind"] == ["test"]]
    print(f"{seconds} s of noise for each decoder, all at once; load average {load()}")
    environment = dict(os.environ, FUZZ_SECONDS=str(seconds), RUST_BACKTRACE="0")
    # One thread for each test: none of them waits until another one has used its time up.
    # Lesson 02 has its noise in `hostile`; the `hostile` of lesson 03 is about connections.
    noise = ["fuzz::", "hostile::no_"]
    running = [subprocess.Popen([program, *noise, "--nocapture", "--test-threads", "8"], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                errors="replace", env=environment)
               for program in tests]
    reports = [[] for _ in running]
    readers = [threading.Thread(target=sift, args=pair) for pair in zip(running, reports)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    panics = failed = 0
    for process, report in zip(running, reports):
        failed += process.wait() != 0
        for line in report:
            found = re.search(r"fuzz (.+): (\d+) inputs, (\d+) KiB", line)
            if found:
                print(f"{found[1]:<20}{int(found[2]):>14,} inputs{int(found[3]):>8,} KiB at most")
            else:
                panics += " panicked at " in line
                print(line)
    print(f"{panics} panics, {failed} failed programs; load average at the end {load()}\n")
    if panics or failed:
        raise SystemExit(1)


def sift(process, report):
    """Keeps what matters. `Panda.Wake` panics on purpose, and the server must outlive it: that is a
    part of the noise, and no finding."""
    for line in process.stdout:
        on_purpose = "greeter.rs" in line
        if ("fuzz " in line or " panicked at " in line or "FAILED" in line) and not on_purpose:
            report.append(line.rstrip("\n"))
