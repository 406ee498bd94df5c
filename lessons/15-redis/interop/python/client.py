"""redis-py against a Redis, real or ours: `python client.py HOST:PORT`. It says `all ok` at the end."""

import sys
import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

HOST, PORT = sys.argv[1].rsplit(":", 1)


def connect(protocol, **more):
    return redis.Redis(
        host=HOST,
        port=int(PORT),
        protocol=protocol,
        decode_responses=True,
        socket_timeout=30,
        retry=Retry(NoBackoff(), 0),
        **more,
    )


def equal(found, expected):
    if found != expected:
        raise SystemExit(f"{found!r} is not {expected!r}")


def refused(kind, words, call):
    try:
        answer = call()
    except redis.RedisError as error:
        if not isinstance(error, kind) or words not in str(error):
            raise SystemExit(f"{error!r} is not {kind.__name__} with {words!r}") from error
    else:
        raise SystemExit(f"{answer!r} instead of {words!r}")


def strings(r):
    equal(r.set("greeting", "hello"), True)
    equal(r.get("greeting"), "hello")
    equal(r.get("nothing"), None)
    equal(r.set("greeting", "again", nx=True), None)
    equal(r.set("greeting", "again", xx=True, get=True), "hello")
    equal(r.set("greeting", "x", nx=True), None)
    equal(r.mset({"a": 1, "b": "three"}), True)
    equal(r.mget("a", "b", "c"), ["1", "three", None])
    equal(r.getdel("b"), "three")
    equal(r.getdel("b"), None)
    equal(r.set("line\r\nend", "a\r\nb\0"), True)
    equal(r.get("line\r\nend"), "a\r\nb\0")


def counters(r):
    equal([r.incr("n"), r.incr("n", 10)], [1, 11])
    r.set("word", "x")
    refused(redis.ResponseError, "value is not an integer or out of range", lambda: r.incr("word"))
    r.set("most", 2**63 - 1)
    refused(redis.ResponseError, "would overflow", lambda: r.incr("most"))


def times(r):
    equal(r.set("k", "v", ex=100), True)
    assert 95 <= r.ttl("k") <= 100
    assert 95_000 <= r.pttl("k") <= 100_000
    equal([r.ttl("greeting"), r.ttl("nothing")], [-1, -2])
    equal(r.expire("k", 50), True)
    assert 45 <= r.ttl("k") <= 50
    equal(r.pexpire("k", 20_000), True)
    assert 15 <= r.ttl("k") <= 20
    equal(r.set("short", "v", px=20), True)
    until = time.monotonic() + 30
    while r.get("short") is not None:
        assert time.monotonic() < until
        time.sleep(0.005)
    refused(redis.ResponseError, "invalid expire time in 'set' command", lambda: r.set("k", "v", ex=0))


def keys(r):
    r.flushdb()
    r.mset({f"key:{n}": n for n in range(500)})
    equal(r.dbsize(), 500)
    equal(sorted(r.scan_iter(count=7)), sorted(f"key:{n}" for n in range(500)))
    equal(r.exists("key:1", "key:2", "nothing"), 2)
    equal(r.delete("key:2", "nothing"), 1)
    equal(r.flushall(), True)
    equal(r.dbsize(), 0)


def transactions(r):
    with r.pipeline(transaction=True) as pipe:
        equal(pipe.set("t", 1).incr("t").get("t").execute(), [True, 2, "2"])
    with r.pipeline(transaction=False) as pipe:
        for n in range(1000):
            pipe.set(f"p:{n}", n)
            pipe.get(f"p:{n}")
        equal(pipe.execute()[1::2], [str(n) for n in range(1000)])
    with r.pipeline() as pipe:
        pipe.set("t", "x").incr("t").set("after", "1")
        answers = pipe.execute(raise_on_error=False)
        assert isinstance(answers[1], redis.ResponseError), answers
        equal(r.get("after"), "1")


def server(r):
    equal(r.ping(), True)
    equal(r.echo("hello"), "hello")
    info = r.info()
    equal(info["redis_version"], "7.0.15")
    assert info["connected_clients"] >= 1 and info["used_memory"] > 0, info
    assert "db0" in r.info("keyspace")
    equal(r.client_setname("me"), True)
    equal(r.client_getname(), "me")
    refused(redis.ResponseError, "unknown command 'NOPE', with args beginning with: 'a'", lambda: r.execute_command("NOPE", "a"))
    refused(redis.ResponseError, "wrong number of arguments for 'get' command", lambda: r.execute_command("GET"))
    refused(redis.ResponseError, "DB index is out of range", lambda: r.execute_command("SELECT", 99))


def once(protocol):
    """Of fifty threads, each with a connection of its own, one gets what is there."""
    pool = connect(protocol)
    pool.set("once", "code")
    got = []
    threads = [threading.Thread(target=lambda: got.append(pool.getdel("once"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(sorted(map(str, got)), ["None"] * 49 + ["code"])


for protocol in (2, 3):
    client = connect(protocol)
    client.flushall()
    for part in (strings, counters, times, keys, transactions, server):
        part(client)
    once(protocol)
    named = connect(protocol, client_name="named", db=3)
    equal(named.client_getname(), "named")
    named.set("only here", 1)
    equal(client.exists("only here"), 0)
print("all ok")
