"""The figures of lesson 16: the whole path from a browser to Redis, and two of its choices beside what the
notes do. `python3 scripts/figures captcha` runs them; they build in `target/`, as cargo does.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
from pathlib import Path

from gateway import micros
from rpc import REPOSITORY, load

# `FIGURES_PROFILE=dev` is for trying whether it works: what it prints then is nobody's figure.
PROFILE = os.environ.get("FIGURES_PROFILE", "release")
ROUNDS = 5 if PROFILE == "release" else 1
SECONDS = 3
IN_FLIGHT = (1, 64)
SESSION = "0123456789abcdef0123456789abcdef"
# So many captchas wait in Redis before a round of `verify`: more than one round can answer.
WAITING = 100_000
TICKS = os.sysconf("SC_CLK_TCK")

HEAD = f"""
wrk.headers["cookie"] = "session={SESSION}"
wrk.headers["content-type"] = "application/json"
"""

# Each picture has an id of its own: one that waits for its answer is not drawn again.
PICTURE = HEAD + """
local number = 0
function request()
  number = number + 1
  return wrk.format("GET", "/api/v1.0/imagecode/ROUND-" .. number)
end
"""

# A status of 200 alone would not say that the answer was right.
VERIFY = HEAD + """
local number = 0
function request()
  number = number + 1
  local body = '{"id":"ROUND-' .. number .. '","answer":"2345"}'
  return wrk.format("POST", "/api/v1.0/verify", nil, body)
end
function response(status, headers, body)
  if not string.find(body, '"errno":"0"', 1, true) then
    io.stderr:write("no right answer: " .. body .. "\\n")
  end
end
"""


def build():
    """The lesson's program, and the bench of its two choices."""
    command = ["cargo", "build", "--profile", PROFILE, "-p", "l16-captcha", "--bins", "--bench",
               "captcha-ways", "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    return {message["target"]["name"]: message["executable"]
            for message in built if message.get("executable")}


class Site:
    """The whole site on free ports, without limits, ended with the `with` block."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "--no-open", "--json", "--limits", "none", "--web", "127.0.0.1:0",
             "--services", "127.0.0.1:0,127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("{"):
                self.places = json.loads(line)
                return
        raise SystemExit("".join(said))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def processor_seconds(self):
        """What all processes of the site have used so far (utime and stime, proc(5))."""
        pids = self.places["pids"]
        ticks = 0
        for pid in {pids["web"], pids["redis"], *pids["services"]}:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS


def waiting(address, name):
    """Puts captchas into Redis as the service does, all with the same code; RESP by hand, in one write."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall(b"FLUSHALL\r\n")
        assert stream.recv(100).startswith(b"+OK")
        for start in range(1, WAITING + 1, 1000):
            commands = b""
            for number in range(start, start + 1000):
                key = f"captcha:{SESSION}:{name}-{number}".encode()
                words = [b"SET", key, b"figures 2345", b"EX", b"300"]
                commands += b"*%d\r\n" % len(words)
                commands += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
            stream.sendall(commands)
            answers = b""
            while answers.count(b"\r\n") < 1000:
                answers += stream.recv(1 << 16)
            assert answers == b"+OK\r\n" * 1000, answers[:100]


def wrk(site, path, in_flight, script=None):
    """Requests a second, the same for each second of a processor, p50 and p99 in microseconds."""
    before = site.processor_seconds()
    out = subprocess.run(["wrk", "-t1", f"-c{in_flight}", f"-d{SECONDS}s", "--latency",
                          *(["-s", script] if script else []),
                          f"http://{site.places['web']}{path}"],
                         check=True, capture_output=True, text=True)
    used = site.processor_seconds() - before
    if "Non-2xx" in out.stdout or "Socket errors" in out.stdout or out.stderr:
        raise SystemExit(f"some requests have failed:\n{out.stdout}\n{out.stderr[:1000]}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out.stdout)[1])
    done = int(re.search(r"(\d+) requests in", out.stdout)[1])
    late = {share: micros(re.search(rf"^\s+{share}%\s+(\S+)", out.stdout, re.M)[1]) for share in (50, 99)}
    return rate, done / used, late[50], late[99]


def path(site, work):
    def script(text, name):
        file = os.path.join(work, f"{name}.lua")
        Path(file).write_text(text.replace("ROUND", name))
        return file

    def verify(in_flight, name):
        waiting(site.places["redis"], name)
        return wrk(site, "/", in_flight, script(VERIFY, name))

    asked = {
        "session": lambda n, name: wrk(site, "/api/v1.0/session", n, script(HEAD, name)),
        "page": lambda n, name: wrk(site, "/", n, script(HEAD, name)),
        "picture": lambda n, name: wrk(site, "/", n, script(PICTURE, name)),
        "verify": verify,
    }
    print("The whole path, wrk, one connection for each request under way: web, two services, Redis; "
          f"all on 127.0.0.1, {PROFILE} build")
    print(f"Medians of {ROUNDS} alternating rounds of {SECONDS} s; load average {load()}")
    print("per core: requests for each second of a processor that the site's processes have used")
    print(f"{'':<12}{'flight':>7}{'requests/s':>12}{'per core':>10}{'p50 µs':>9}{'p99 µs':>9}")
    for in_flight in IN_FLIGHT:
        results = {name: [] for name in asked}
        for number in range(ROUNDS):
            for name, measure in asked.items():
                results[name].append(measure(in_flight, f"{name}-{in_flight}-{number}"))
        for name, rounds in results.items():
            rate, core, median, late = (statistics.median(column) for column in zip(*rounds))
            print(f"{name:<12}{in_flight:>7}{rate:>12.0f}{core:>10.0f}{median:>9.0f}{late:>9.0f}",
                  flush=True)
    print(f"load average at the end {load()}\n")


def captcha(_work):
    if shutil.which("wrk") is None:
        raise SystemExit("missing here: wrk. On Debian and Ubuntu: sudo apt-get install -y wrk")
    programs = build()
    with tempfile.TemporaryDirectory(prefix="figures-captcha-") as work:
        with Site(programs["l16-captcha"]) as site:
            path(site, work)
    subprocess.run([programs["captcha-ways"], str(ROUNDS)], check=True)
    print()
