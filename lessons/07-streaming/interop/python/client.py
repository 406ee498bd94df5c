"""A stranger calls the server of lesson 07: grpcio, no .proto file, no generated code.

    python3 client.py ADDR SCENE
"""

import pathlib
import queue
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
import stranger
from stranger import PATIENCE, Reflection, status_of

ADDR, SCENE = sys.argv[1:]
SERVICE = "stream.v1.StreamService"


channel = grpc.insecure_channel(ADDR)


def equal(got, expected):
    assert got == expected, f"{got!r} instead of {expected!r}"


def learnt():
    """The stub and a maker of messages, by reflection."""
    types = Reflection(channel).types(SERVICE)

    def message(kind, **fields):
        return types.message(f"stream.v1.{kind}")(**fields)

    return types.stub(channel, SERVICE), message


class Requests:
    """A stream of requests that stays open until `finish`."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.send = self.waiting.put

    def finish(self):
        self.waiting.put(None)

    def __iter__(self):
        return iter(self.waiting.get, None)


def reflection():
    for version in ["v1", "v1alpha"]:
        found = Reflection(channel, version).services()
        for name in [SERVICE, "greeter.v1.Greeter", "hello.v1.HelloService", "say.v1.SayName"]:
            assert name in found, f"{version}: {name} is not among {found}"
        assert not any("testing" in name for name in found), found
        methods = Reflection(channel, version).types(SERVICE).service(SERVICE).methods
        kinds = {m.name: (m.client_streaming, m.server_streaming) for m in methods}
        equal(kinds, {"Greet": (False, False), "Repeat": (False, True),
                      "GreetAll": (True, False), "Chat": (True, True)})


def calls():
    stub, message = learnt()
    reply = stub.Greet(message("GreetRequest", name="wire"), timeout=PATIENCE)
    equal(reply.message, "hello wire")

    request = message("RepeatRequest", name="wire", count=5, payload_bytes=1000)
    replies = list(stub.Repeat(request, timeout=PATIENCE))
    equal([reply.number for reply in replies], [1, 2, 3, 4, 5])
    equal({reply.message for reply in replies}, {"hello wire"})
    equal({len(reply.payload) for reply in replies}, {1000})
    none = message("RepeatRequest", name="wire", count=0)
    equal(list(stub.Repeat(none, timeout=PATIENCE)), [])

    names = (message("GreetAllRequest", name=name) for name in ["ann", "ben", "cid"])
    reply = stub.GreetAll(names, timeout=PATIENCE)
    equal((reply.message, reply.count), ("hello ann, ben and cid", 3))
    equal(stub.GreetAll(iter([]), timeout=PATIENCE).message, "hello")

    # Each answer is read before the next text is sent.
    requests = Requests()
    chat = stub.Chat(iter(requests), timeout=PATIENCE)
    equal(next(chat).text, "welcome")
    for number, text in enumerate(["eins", "två", "三"], start=1):
        requests.send(message("ChatRequest", text=text))
        reply = next(chat)
        equal((reply.text, reply.answers), (f"hello {text}", number))
    # Half-close: this side has finished, the other has not.
    requests.finish()
    equal([reply.text for reply in chat], ["bye, 3 texts"])
    equal(chat.code(), StatusCode.OK)


def statuses():
    stub, message = learnt()
    failed = status_of(stub.Repeat, message("RepeatRequest", name="wire", count=1_000_001))
    equal(failed.code(), StatusCode.INVALID_ARGUMENT)
    # In the middle of the requests; the others are never asked for.
    names = (message("GreetAllRequest", name=name) for name in ["ann", "", "cid"])
    equal(status_of(stub.GreetAll, names).code(), StatusCode.INVALID_ARGUMENT)
    many = (message("GreetAllRequest", name="x") for _ in range(201))
    equal(status_of(stub.GreetAll, many).code(), StatusCode.RESOURCE_EXHAUSTED)
    long = message("ChatRequest", text="x" * (64 << 10))
    equal(status_of(stub.Chat, iter([long])).code(), StatusCode.RESOURCE_EXHAUSTED)
    # All of them on one connection, and it still works.
    reply = stub.Greet(message("GreetRequest", name="wire"), timeout=PATIENCE)
    equal(reply.message, "hello wire")


def metadata():
    stub, message = learnt()
    request = message("RepeatRequest", name="wire", count=2, interval_ms=1)
    call = stub.Repeat(request, metadata=[("x-request-id", "from-python")], timeout=PATIENCE)
    # In front of the first reply.
    equal(dict(call.initial_metadata())["x-request-id"], "from-python")
    equal(len(list(call)), 2)
    assert int(dict(call.trailing_metadata())["x-took-us"]) >= 2000, call.trailing_metadata()


def compression():
    stub, message = learnt()
    names = (message("GreetAllRequest", name="z" * 190) for _ in range(2))
    reply = stub.GreetAll(names, compression=grpc.Compression.Gzip, timeout=PATIENCE)
    equal(reply.count, 2)


def endless(message):
    return message("RepeatRequest", name="wire", count=1_000_000, interval_ms=20)


def deadline():
    stub, message = learnt()
    call = stub.Repeat(endless(message), timeout=1)
    got = 0
    try:
        for _ in call:
            got += 1
    except grpc.RpcError as error:
        equal(error.code(), StatusCode.DEADLINE_EXCEEDED)
    else:
        raise AssertionError("an endless call has ended well")
    assert got > 0, "no reply before the deadline"


def cancel_replies():
    stub, message = learnt()
    call = stub.Repeat(endless(message), timeout=PATIENCE)
    next(call)
    call.cancel()
    equal(call.code(), StatusCode.CANCELLED)


def cancel_chat():
    stub, message = learnt()
    requests = Requests()
    call = stub.Chat(iter(requests), timeout=PATIENCE)
    equal(next(call).text, "welcome")
    requests.send(message("ChatRequest", text="wire"))
    equal(next(call).text, "hello wire")
    call.cancel()
    equal(call.code(), StatusCode.CANCELLED)
    requests.finish()


def stop():
    """The server is asked to stop while a call runs."""
    stub, message = learnt()
    health = health_pb2_grpc.HealthStub(channel)
    watched = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=PATIENCE)
    equal(next(watched).status, health_pb2.HealthCheckResponse.SERVING)
    request = message("RepeatRequest", name="wire", count=50, interval_ms=20)
    call = stub.Repeat(request, timeout=PATIENCE)
    next(call)
    stranger.tell("under way")
    equal(next(watched).status, health_pb2.HealthCheckResponse.NOT_SERVING)
    # It finishes what it has begun.
    equal([reply.number for reply in call], list(range(2, 51)))
    equal(call.code(), StatusCode.OK)
    hello = message("GreetRequest", name="wire")
    equal(status_of(stub.Greet, hello).code(), StatusCode.UNAVAILABLE)


globals()[SCENE]()
print(SCENE, "passed")
