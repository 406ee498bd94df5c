"""The figures of lesson 14: what the gateway costs, beside the same call straight to the service.
`python3 scripts/figures gateway` runs them; they build in `target/`, as cargo does.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

from rpc import REPOSITORY, Server, load

ROUNDS = 5
SECONDS = 3
IN_FLIGHT = (1, 64)
PATH = "/user/say/hello?name=huohuo"
# HelloRequest { name: "huohuo" } as gRPC sends it: not compressed, its length, field 1, its length.
MESSAGE = b"\0" + (8).to_bytes(4, "big") + b"\x0a\x06huohuo"


def program():
    command = ["cargo", "build", "--release", "-p", "l14-gateway", "--bench", "gateway-load",
               "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    # The lesson's own program is built along with it.
    return next(message["executable"] for message in built
                if message.get("executable") and message["target"]["name"] == "gateway-load")


def micros(text):
    """wrk's times, such as `1.25ms`."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def through_http(address, path, in_flight):
    """wrk: one connection for each request under way, as browsers have them."""
    out = subprocess.run(["wrk", "-t1", f"-c{in_flight}", f"-d{SECONDS}s", "--latency",
                          f"http://{address}{path}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"some requests have failed:\n{out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    late = {share: micros(re.search(rf"^\s+{share}%\s+(\S+)", out, re.M)[1]) for share in (50, 99)}
    return rate, late[50], late[99]


def straight(address, in_flight, work):
    """h2load: all requests on one connection, as gRPC's clients do it."""
    message, log = os.path.join(work, "message"), os.path.join(work, "log")
    with open(message, "wb") as file:
        file.write(MESSAGE)
    if os.path.exists(log):
        os.remove(log)
    out = subprocess.run(
        ["h2load", "-t1", "-c1", f"-m{in_flight}", f"-D{SECONDS}", "-d", message, "--log-file", log,
         "-H", "content-type: application/grpc", "-H", "te: trailers",
         f"http://{address}/user.v1.Say/Hello"], check=True, capture_output=True, text=True).stdout
    done = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", out)
    if done is None or int(done[3]) or int(done[2]) == 0:
        raise SystemExit(f"some calls have failed:\n{out}")
    with open(log, encoding="ascii") as lines:
        times = sorted(int(line.split("\t")[2]) for line in lines)
    rate = float(re.search(r"finished in [\d.]+\w+, ([\d.]+) req/s", out)[1])
    return rate, times[len(times) // 2], times[len(times) * 99 // 100]


def answers(address, work):
    """The call is right: HTTP's 200 alone would not say so, gRPC's status comes behind the message."""
    message = os.path.join(work, "message")
    with open(message, "wb") as file:
        file.write(MESSAGE)
    out = subprocess.run(["curl", "-s", "--http2-prior-knowledge", "--data-binary", f"@{message}",
                          "-H", "content-type: application/grpc", "-H", "te: trailers", "-o", "-",
                          "-D", os.path.join(work, "headers"), f"http://{address}/user.v1.Say/Hello"],
                         check=True, capture_output=True).stdout
    if b"huohuo" not in out:
        raise SystemExit(f"the service does not answer the call: {out!r}")


def speed(work):
    missing = [name for name in ("wrk", "h2load", "curl") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"missing here: {' '.join(missing)}. On Debian and Ubuntu: "
                         "sudo apt-get update && sudo apt-get install -y wrk nghttp2-client curl")
    built = program()
    with Server(built, "service") as service, \
            Server(built, "gateway", service["listening"]) as gateway:
        service, gateway = service["listening"], gateway["listening"]
        answers(service, work)
        sides = {
            "gRPC to the service": lambda n: straight(service, n, work),
            "HTTP through the gateway": lambda n: through_http(gateway, PATH, n),
            "HTTP, without a call": lambda n: through_http(gateway, "/healthz", n),
        }
        print("The call Say.Hello: gRPC by h2load on one connection, HTTP by wrk on one connection for "
              "each request under way; one process each, 127.0.0.1, release build")
        print(f"Medians of {ROUNDS} alternating rounds of {SECONDS} s; load average {load()}")
        print(f"{'':<26}{'flight':>7}{'calls/s':>10}{'p50 µs':>9}{'p99 µs':>9}{'calls/s beside gRPC':>22}")
        for in_flight in IN_FLIGHT:
            results = {name: [] for name in sides}
            for number in range(ROUNDS):
                # The sides take turns at being first: a slow minute of the machine hits all of them.
                names = list(sides)
                turn = number % len(names)
                for name in names[turn:] + names[:turn]:
                    results[name].append(sides[name](in_flight))
            base = results["gRPC to the service"]
            for name, rounds in results.items():
                rate, median, late = (statistics.median(column) for column in zip(*rounds))
                ratios = sorted(a[0] / b[0] for a, b in zip(rounds, base))
                beside = "" if rounds is base else (
                    f"{statistics.median(ratios):>8.2f}x   {ratios[0]:.2f} to {ratios[-1]:.2f}")
                print(f"{name:<26}{in_flight:>7}{rate:>10.0f}{median:>9.0f}{late:>9.0f}{beside}",
                      flush=True)
            if in_flight == 1:
                more = sorted(a[1] - b[1] for a, b in
                              zip(results["HTTP through the gateway"], base))
                print(f"  one call takes {statistics.median(more):.0f} µs longer through the gateway "
                      f"({more[0]:.0f} to {more[-1]:.0f})", flush=True)
    print(f"load average at the end {load()}")


def schemathesis():
    """All requests that it can think of. The tests leave it at a part."""
    out = subprocess.run(
        ["cargo", "test", "--quiet", "-p", "l14-gateway", "--test", "it", "openapi::schemathesis", "--",
         "--nocapture"], cwd=REPOSITORY, env=dict(os.environ, SCHEMATHESIS="all"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    line = next((line for line in out.stdout.splitlines() if line.startswith("schemathesis: ")), None)
    if out.returncode or line is None:
        raise SystemExit(f"schemathesis is not content:\n{out.stdout}")
    print(f"{line}, 0 server errors, 0 violations\n")


def gateway(_work):
    with tempfile.TemporaryDirectory(prefix="figures-gateway-") as work:
        speed(work)
    schemathesis()
