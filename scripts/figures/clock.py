"""The clock of the machine moves under servers that run: an hour ahead, an hour back. libfaketime stands between a
server and its clock (the clock that only counts, CLOCK_MONOTONIC, stays true). `python3 scripts/figures attack` runs it.
"""

import collections
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

LIBRARY = "/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1".format(os.uname().machine)
HOUR = 3600


class Clock:
    """A file that says how far the clock is off; every process that was started with `environment` follows it."""

    def __init__(self, work):
        if not os.path.exists(LIBRARY):
            raise SystemExit("libfaketime is missing here: sudo apt-get update && sudo apt-get install -y faketime")
        self.file = Path(work) / "clock"
        self.set(0)
        self.environment = dict(os.environ, LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=str(self.file),
                                FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")

    def set(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.file)


class Redis:
    """Commands over one connection; an answer is its first line, or the value of it."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=5).makefile("rwb")

    def ask(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.stream.write(out)
        self.stream.flush()
        line = self.stream.readline().strip()
        if line.startswith(b"$") and line != b"$-1":
            return self.stream.readline().strip().decode()
        return "nil" if line == b"$-1" else line.decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def start(command, clock, port):
    process = subprocess.Popen(command, env=clock.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise SystemExit(f"{command[0]} does not listen")


def there(value):
    return "there" if value != "nil" else "expired"


def of_redis(command, clock):
    """A value for 60 s with the clock an hour ahead; a value for 2 s, 3 s later, with the clock an hour back."""
    port = free_port()
    clock.set(0)
    process = start([word.replace("{port}", str(port)) for word in command], clock, port)
    try:
        redis = Redis(port)
        redis.ask("SET", "long", "value", "EX", "60")
        clock.set(HOUR)
        time.sleep(0.3)
        ahead = there(redis.ask("GET", "long"))
        clock.set(0)
        redis.ask("SET", "short", "value", "EX", "2")
        clock.set(-HOUR)
        time.sleep(3)
        back = there(redis.ask("GET", "short"))
    finally:
        process.kill()
        process.wait()
    return ahead, back


def call(port, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def passing(port):
    return bool(call(port, "GET", "/v1/health/service/web?passing"))


def of_agent(command, clock):
    """A check with a TTL of 30 s under a clock that is an hour ahead; one of 2 s, 3 s later, an hour back."""
    port = free_port()
    clock.set(0)
    process = start([word.replace("{port}", str(port)) for word in command], clock, port)
    try:
        for _ in range(100):
            try:
                call(port, "PUT", "/v1/agent/service/register",
                     {"Name": "web", "Port": 80, "Check": {"CheckID": "ttl", "TTL": "30s"}})
                call(port, "PUT", "/v1/agent/check/pass/ttl")
                if passing(port):
                    break
            except OSError:
                pass
            time.sleep(0.1)
        clock.set(HOUR)
        time.sleep(1)
        ahead = "passing" if passing(port) else "critical"
        clock.set(0)
        call(port, "PUT", "/v1/agent/service/register",
             {"Name": "web", "Port": 80, "Check": {"CheckID": "ttl", "TTL": "2s"}})
        call(port, "PUT", "/v1/agent/check/pass/ttl")
        clock.set(-HOUR)
        time.sleep(3.5)
        back = "passing" if passing(port) else "critical"
    finally:
        process.kill()
        process.wait()
    return ahead, back


def of_site(program, clock, seconds=40):
    """The soak of lesson 16, whose clock jumps every 4 s: an hour ahead, true, an hour back, true."""
    clock.set(0)
    environment = dict(clock.environment, WORKBOOK_SERVICES="embedded")
    process = subprocess.Popen([program, "soak", "--seconds", str(seconds), "--people", "8"], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    over = threading.Event()

    def jump():
        offsets = [HOUR, 0, -HOUR, 0]
        while not over.wait(4):
            clock.set(offsets[0])
            offsets.append(offsets.pop(0))
    thread = threading.Thread(target=jump)
    thread.start()
    text = process.communicate(timeout=seconds * 5)[0]
    over.set()
    thread.join()
    accepted = sum(int(row.split()[2]) for row in re.findall(r"^(?:calm|[\w-]+ is killed|calm again) +(\d.*)$", text, re.M))
    broken = re.findall(r"^  [\w -]+: ((?:an?|the) .+?)(?:: Given.*)?$", text, re.M)
    return accepted, collections.Counter(broken)


def clock(programs, work):
    """Expiry, checks and the captcha site, while the clock jumps."""
    moving = Clock(work)
    print("The clock of a server jumps by an hour while it runs (libfaketime; not possible with redis-server, whose "
          "allocator clashes with it, nor with Consul, which does not ask the C library for the time)")
    print(f"{'what':<40}{'an hour ahead':<16}an hour back, after its time")
    ahead, back = of_redis([programs["l15-redis"], "server", "--addr", "127.0.0.1:{port}"], moving)
    print(f"{'readable Redis: SET with EX':<40}{ahead:<16}{back}")
    ahead, back = of_agent([programs["l08-consul"], "agent", "--http-addr", "127.0.0.1:{port}"], moving)
    print(f"{'readable agent: a TTL check':<40}{ahead:<16}{back}")
    accepted, broken = of_site(programs["l16-captcha"], moving)
    print(f"The captcha site for 40 s, a jump every 4 s: {accepted} right answers accepted; broken promises:")
    for words, number in broken.most_common() or [("none", 0)]:
        print(f"{number:>6}  {words}")
    print()
