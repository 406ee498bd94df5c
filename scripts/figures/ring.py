#!/usr/bin/env python3
"""Shares of 1000 keys among four servers: rendezvous hashing and a ring, for lesson 12. Prints one table."""

import bisect
import hashlib

SERVERS = ["a", "b", "c", "d"]
KEYS = [f"user-{i}" for i in range(1000)]


def number(first, second):
    """The same number as `bid` in lessons/12-resilience/src/select/by_key.rs."""
    data = len(first).to_bytes(8, "big") + first.encode() + second.encode()
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


def rendezvous(servers):
    return [max(servers, key=lambda server: (number(server, key), server)) for key in KEYS]


def ring(servers, points):
    """Each server stands on the ring at `points` places; a key belongs to the next place after it."""
    places = sorted((number(server, f"#{i}"), server) for server in servers for i in range(points))
    starts = [place for place, _ in places]
    return [places[bisect.bisect(starts, number("", key)) % len(places)][1] for key in KEYS]


def row(name, rule):
    before, after = rule(SERVERS), rule(SERVERS[:-1])
    shares = "".join(f"{before.count(server):6}" for server in SERVERS)
    own = before.count(SERVERS[-1])
    moved = sum(old != new for old, new in zip(before, after))
    print(f"{name:30}{shares}   {moved:5} of {own}")


print(f"{'':30}{''.join(f'{server:>6}' for server in SERVERS)}   d leaves: moved")
row("rendezvous", rendezvous)
for points in (1, 10, 100):
    row(f"ring, points a server: {points}", lambda servers, points=points: ring(servers, points))
