"""Two independent clients call the answers of three exercises: redis-cli, and redis-py.

    python3 peer.py REQUEST-ARRAY SET-WITH-EXPIRY ONCE-ONLY STORE

Each is an address: a Redis that reads with the answer of `request-array`, a server of KEEP for `set-with-expiry`, one of
TAKE for `once-only`, and the Redis on which the last two run. It tells what is asked and what comes
back. The exit status is 0 if every call went as it should, else 1. `cargo workbook peer 15` starts it.
"""

import socket
import subprocess
import sys
import threading
from collections import Counter

import redis

# Longer than any answer takes, and short enough for somebody who watches.
PATIENCE = 3
TAKERS = 20
ROUNDS = 25


class Wrong(Exception):
    """A call that did not go as it should."""


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def client(address, **more):
    host, port = split(address)
    # RESP2, and no second try behind our back: one call is one call.
    return redis.Redis(
        host=host,
        port=port,
        protocol=2,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=None,
        **more,
    )


def ask(connection, *words):
    """The reply; an error of the server is a reply as well."""
    try:
        return connection.execute_command(*words)
    except redis.ResponseError as error:
        return error
    except redis.RedisError as error:
        raise Wrong(f"no answer: {error}") from None


def cli(address, *words):
    """What redis-cli prints for a command."""
    host, port = split(address)
    command = ["redis-cli", "-h", host, "-p", str(port), *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise Wrong(f"redis-cli still waits for an answer after {PATIENCE} s") from None
    except OSError as error:
        raise Wrong(f"redis-cli cannot be started: {error}") from None
    return (done.stdout + done.stderr).decode("utf-8", "replace").rstrip("\n")


def say(who, asked, got):
    print(f"   {who:9}  {asked}")
    print(f"   and gets   {got!r}")


def expect(got, expected, words):
    if got != expected:
        raise Wrong(f"{words}; expected {expected!r}, got {got!r}")


# ---- request-array: the learner's code reads every request of both


def call_request_array(address):
    print("A. request-array: a Redis that reads its requests with your answer")
    for words, right in [
        (["PING"], "PONG"),
        (["SET", "name", "wire"], "OK"),
        (["GET", "name"], "wire"),
        (["SET", "note", "two\r\nlines"], "OK"),
    ]:
        got = cli(address, *words)
        say("redis-cli", " ".join(words).encode("unicode_escape").decode(), got)
        expect(got, right, "redis-cli understood something else")
    with client(address) as connection:
        note = ask(connection, "GET", "note")
        say("redis-py", "GET note", note)
        expect(note, b"two\r\nlines", "the value has changed on its way")
        every = bytes(range(256)) * 400
        ask(connection, "SET", "every byte", every)
        got = ask(connection, "GET", "every byte")
        print(f"   redis-py   SET and GET of all 256 bytes, 400 times: {len(got or b'')} bytes came back")
        expect(got == every, True, "they are not the same bytes")
        pipeline = connection.pipeline(transaction=False)
        for number in range(500):
            pipeline.set(f"k{number}", f"value\r\n{number}")
        for number in range(500):
            pipeline.get(f"k{number}")
        try:
            replies = pipeline.execute()
        except redis.RedisError as error:
            raise Wrong(f"a pipeline of 1000 commands: {error}") from None
        right = [f"value\r\n{number}".encode() for number in range(500)]
        print(f"   redis-py   a pipeline of 1000 commands: {len(replies)} replies")
        expect(replies[500:] == right, True, "they are other replies")
    with socket.create_connection(split(address), timeout=PATIENCE) as line:
        print("   Now one request, byte by byte, as a slow line brings it.")
        for byte in b"*2\r\n$4\r\nECHO\r\n$7\r\na\r\nb\r\nc\r\n":
            line.sendall(bytes([byte]))
        got = b""
        try:
            while len(got) < 13:
                piece = line.recv(64)
                if not piece:
                    raise Wrong("the connection was closed")
                got += piece
        except TimeoutError:
            raise Wrong("no answer") from None
        say("a socket", "ECHO a\\r\\nb\\r\\nc", got)
        expect(got, b"$7\r\na\r\nb\r\nc\r\n", "that is another answer")
    with socket.create_connection(split(address), timeout=PATIENCE) as line:
        line.sendall(b"*1\r\n$1000000000000\r\n")
        try:
            got = line.recv(200)
        except TimeoutError:
            raise Wrong("a word of 10^12 bytes was announced, and it waits for them") from None
        say("a socket", "a word of 10^12 bytes is announced", got)
        if not got.startswith(b"-"):
            raise Wrong("an error was expected")


# ---- set-with-expiry: KEEP on one server, and a look at another one


def call_set_with_expiry(address, store):
    print("B. set-with-expiry: KEEP key value seconds is your answer; what it did is looked up in the Redis behind it")
    for words, right in [(["KEEP", "login:7", "2024", "300"], "OK")]:
        got = cli(address, *words)
        say("redis-cli", " ".join(words), got)
        expect(got, right, "it was not kept")
    got = cli(store, "GET", "login:7")
    say("redis-cli", "GET login:7   (in the store)", got)
    expect(got, "2024", "another value is kept")
    ttl = cli(store, "TTL", "login:7")
    say("redis-cli", "TTL login:7", ttl)
    if ttl == "-1":
        raise Wrong("it never expires")
    if not ttl.isdigit() or not 290 <= int(ttl) <= 300:
        raise Wrong(f"300 s were asked for, and it has {ttl}")
    with client(address) as connection, client(store) as kept:
        ask(connection, "KEEP", "login:8", "two\r\nlines", "1")
        left = kept.pttl("login:8")
        print(f"   redis-py   KEEP login:8 for 1 s: {left} ms are left of it")
        if not 0 < left <= 1000:
            raise Wrong("it should die within a second")
        got = ask(connection, "KEEP", "login:9", "2024", "0")
        say("redis-py", "KEEP login:9 2024 0", str(got))
        if not isinstance(got, redis.ResponseError):
            raise Wrong("0 seconds are a mistake of the caller; an error was expected")
        lasting = [key for key in kept.scan_iter() if kept.ttl(key) == -1]
        print(f"   redis-py   keys in the store that never die: {len(lasting)}")
        expect(len(lasting), 0, "something was left behind for ever")


# ---- once-only: many takers at once


def call_once_only(address, store):
    print(f"C. once-only: TAKE key is your answer; {TAKERS} connections of redis-py ask at the same time")
    with client(store) as kept:
        kept.set("reset:41", "ada")
        got = cli(address, "TAKE", "reset:41")
        say("redis-cli", "TAKE reset:41", got)
        expect(got, "ada", "another value")
        got = cli(address, "TAKE", "reset:41")
        say("redis-cli", "TAKE reset:41", got)
        expect(got, "", "two callers got it, one after the other")
        winners = Counter()
        for number in range(ROUNDS):
            winners[one_round(address, kept, f"reset:{number}")] += 1
        one, most = winners[1], max(winners)
        if one == ROUNDS:
            told = "each value went to one of them"
        else:
            told = f"{one} values went to one of them; others to up to {most}, or to none"
        print(f"   redis-py   {ROUNDS} tokens, {TAKERS} callers for each: {told}")
        if one != ROUNDS:
            raise Wrong("a value is given to one caller, however many ask at the same time")
        left = ask(kept, "DBSIZE")
        logins = sum(key.startswith(b"login:") for key in kept.scan_iter())
        expect(left - logins, 0, "something was left in the store")


def one_round(address, kept, key):
    """How many of the takers got it."""
    kept.set(key, f"user of {key}")
    line, replies = threading.Barrier(TAKERS), []

    def one():
        try:
            with client(address) as connection:
                connection.ping()
                line.wait(PATIENCE)
                replies.append(ask(connection, "TAKE", key))
        except (Wrong, redis.RedisError, threading.BrokenBarrierError) as error:
            replies.append(error)

    takers = [threading.Thread(target=one) for _ in range(TAKERS)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    for reply in replies:
        if isinstance(reply, Exception):
            raise Wrong(f"TAKE {key}: {reply}")
    return sum(reply is not None for reply in replies)


def main():
    request_array, set_with_expiry, once_only, store = sys.argv[1:]
    wrong = 0
    for part, addresses in [
        (call_request_array, [request_array]),
        (call_set_with_expiry, [set_with_expiry, store]),
        (call_once_only, [once_only, store]),
    ]:
        try:
            part(*addresses)
        except Wrong as words:
            wrong += 1
            print("   WRONG     ", words)
        except redis.RedisError as error:
            wrong += 1
            print("   WRONG      redis-py:", error)
        print()
    return 1 if wrong else 0


sys.exit(main())
