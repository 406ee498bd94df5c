"""The figures of lesson 06: gRPC calls a second and their latency, beside grpc-go and Python's grpcio.
`python3 scripts/figures grpc` runs them; they build in `target/`, as cargo does.
"""

import json
import os
import statistics
import subprocess

from rpc import REPOSITORY, Server, load, measure

LESSON = REPOSITORY / "lessons" / "06-grpc"
ROUNDS = 7
# For each number of calls in flight: so many calls a round; Python makes a tenth of them.
CALLS = {1: 10_000, 64: 64_000}
# Where Debian's Go packages put their sources.
GOCODE = "/usr/share/gocode"


def rust_programs():
    """Release builds: server, client, and the descriptors that Python reads."""
    command = ["cargo", "build", "--release", "-p", "l06-grpc", "--bins", "--bench", "grpc-calls",
               "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    programs = {message["target"]["name"]: message["executable"]
                for message in built if message.get("executable")}
    # cargo names every build script of the tree; this lesson's has left the file.
    (descriptors,) = (os.path.join(message["out_dir"], "descriptors.bin") for message in built
                      if message["reason"] == "build-script-executed"
                      and "#l06-grpc@" in message["package_id"])
    return programs["l06-grpc"], programs["grpc-calls"], descriptors


def go_program():
    """grpc-go from Debian's sources, in GOPATH mode: no module, no network, no settings of the user."""
    if not os.path.isdir(f"{GOCODE}/src/google.golang.org/grpc"):
        raise SystemExit("grpc-go is missing here: sudo apt-get update && "
                         "sudo apt-get install -y golang-go golang-google-grpc-dev")
    target = REPOSITORY / "target" / "figures" / "go"
    program = target / "06-grpc-bench"
    environment = dict(os.environ, GO111MODULE="off", GOFLAGS="", GOENV="off", GOPROXY="off",
                       CGO_ENABLED="0", GOPATH=f"{target / 'path'}:{GOCODE}",
                       GOCACHE=str(target / "cache"))
    subprocess.run(["go", "build", "-o", program, "main.go"],
                   cwd=LESSON / "interop" / "go" / "bench", check=True, env=environment)
    return program


def python_program(descriptors):
    python = REPOSITORY / "target" / "tools" / "python" / "bin" / "python"
    if not python.exists():
        raise SystemExit("grpcio is missing here: scripts/test setup")
    return [python, "-u", "-B", LESSON / "interop" / "python" / "bench.py", descriptors]


def versions(python):
    go = subprocess.run(["go", "version"], capture_output=True, text=True).stdout.split()[2]
    with open(f"{GOCODE}/src/google.golang.org/grpc/version.go", encoding="utf-8") as source:
        grpc_go = next(line.split('"')[1] for line in source if line.startswith("const Version"))
    grpcio = subprocess.run([python[0], "-c", "import grpc; print(grpc.__version__)"],
                            capture_output=True, text=True).stdout.strip()
    return f"grpc-go {grpc_go} on {go}, grpcio {grpcio}"


def compare(title, sides, ours):
    """One row for each number of calls in flight and each side: a client's command, and whom it
    calls."""
    print(title)
    print(f"{'':<10}{'flight':>7}{'calls/s':>10}{'p50 µs':>9}{'p99 µs':>9}{'ours is':>9}"
          "   of single rounds")
    for in_flight, calls in CALLS.items():
        results = {name: [] for name in sides}
        for number in range(ROUNDS):
            # The sides take turns, and take turns at being first: a slow minute of the machine
            # hits all of them.
            names = list(sides)
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                client, address = sides[name]
                share = calls // 10 if name == "Python" else calls
                results[name].append(measure_with(client, address, in_flight, share))
        for name, rounds in results.items():
            rate, median, late = (statistics.median(column) for column in zip(*rounds))
            ratios = sorted(a[0] / b[0] for a, b in zip(results[ours], rounds))
            beside = "" if name == ours else (f"{statistics.median(ratios):>8.2f}x"
                                              f"   {ratios[0]:.2f} to {ratios[-1]:.2f}")
            print(f"{name:<10}{in_flight:>7}{rate:>10.0f}{median:>9.0f}{late:>9.0f}{beside}",
                  flush=True)
    print()


def measure_with(client, address, in_flight, calls):
    """As `measure`, for a client that may be more than one word."""
    if not isinstance(client, list):
        return measure(client, address, in_flight, calls)
    out = subprocess.run([*client, address, str(in_flight), str(calls)], check=True,
                         stdout=subprocess.PIPE, text=True)
    return [float(word) for word in out.stdout.split()]


def grpc(_work):
    server, client, descriptors = rust_programs()
    go, python = go_program(), python_program(descriptors)
    print("The greeting call over gRPC: unary, no TLS, one connection of 127.0.0.1; release build, "
          f"{versions(python)}")
    print(f"Medians of {ROUNDS} alternating rounds; load average {load()}")
    with Server(server, "server", "--addr", "127.0.0.1:0") as ours, Server(go, "server") as gos, \
            Server(*python, "server") as pythons:
        ours, gos, pythons = (side["listening"] for side in (ours, gos, pythons))
        compare("Each server with the client of its own language:", {
            "ours": (client, ours), "Go": (go, gos), "Python": (python, pythons)}, "ours")
        compare("Each server with our client:", {
            "ours": (client, ours), "Go": (client, gos), "Python": (client, pythons)}, "ours")
    print(f"load average at the end {load()}\n")
