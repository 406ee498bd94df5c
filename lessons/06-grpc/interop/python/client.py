"""A stranger calls the server of lesson 06: grpcio, no .proto file, no generated code.

    python3 client.py ADDR SCENE

What it needs to know of the services it learns from the server, by reflection.
"""

import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
import stranger
from stranger import PATIENCE, Reflection, status_of

SERVICES = ["greeter.v1.Greeter", "hello.v1.HelloService", "say.v1.SayName", "say.v1.say"]
OF_GRPC = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
           "grpc.reflection.v1alpha.ServerReflection"]

channel = grpc.insecure_channel(sys.argv[1])


def equal(got, expected):
    assert got == expected, f"{got!r} instead of {expected!r}"


def learnt():
    return Reflection(channel).types(*SERVICES)


def say_hello(name="wire"):
    """The method, and a request for it."""
    types = learnt()
    request = types.message("greeter.v1.HelloRequest")(name=name)
    return types.stub(channel, "greeter.v1.Greeter").SayHello, request


def reflection():
    for version in ["v1", "v1alpha"]:
        asked = Reflection(channel, version)
        found = asked.services()
        for name in SERVICES:
            assert name in found, f"{version}: {name} is not among {found}"
        assert any(name in found for name in OF_GRPC), found
        types = asked.types(*SERVICES)
        methods = [method.name for method in types.service("hello.v1.HelloService").methods]
        equal(methods, ["SayHello", "SayName"])
        try:
            asked.types("greeter.v1.Nobody")
        except LookupError:
            pass
        else:
            raise AssertionError("a service that does not exist was described")


def calls():
    types = learnt()
    for service, method, given, expected in [
        ("greeter.v1.Greeter", "SayHello", {"name": "wire"}, {"message": "hello wire"}),
        ("greeter.v1.Greeter", "SayHello", {"name": "äöü🦀"}, {"message": "hello äöü🦀"}),
        ("hello.v1.HelloService", "SayHello", {"name": "wire"}, {"msg": "你好,wire"}),
        ("hello.v1.HelloService", "SayName", {"name": "wire"}, {"msg": "你的名字是：wire"}),
        ("say.v1.SayName", "SayHello", {"age": 20, "name": "san"}, {"age": 20, "name": "sanchi"}),
        ("say.v1.say", "saySomething", {"name": "zhang"}, {"name": "zhang", "say": "zhanghello"}),
    ]:
        wanted = next(m for m in types.service(service).methods if m.name == method)
        request = types.message(wanted.input_type.full_name)(**given)
        reply = getattr(types.stub(channel, service), method)(request, timeout=PATIENCE)
        equal(reply, types.message(wanted.output_type.full_name)(**expected))
    # Many at once on one connection.
    stub = types.stub(channel, "greeter.v1.Greeter")
    request = types.message("greeter.v1.HelloRequest")
    under_way = [stub.SayHello.future(request(name=str(n)), timeout=PATIENCE) for n in range(200)]
    equal([call.result().message for call in under_way], [f"hello {n}" for n in range(200)])


def statuses():
    call, request = say_hello(name="")
    failed = status_of(call, request)
    equal(failed.code(), StatusCode.INVALID_ARGUMENT)
    assert "at least one character" in failed.details(), failed.details()
    # The details are messages that both know.
    status = rpc_status.from_call(failed)
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad), status
    equal([field.field for field in bad.field_violations], ["name"])

    call, request = say_hello(name="x" * (1 << 20))
    equal(status_of(call, request).code(), StatusCode.RESOURCE_EXHAUSTED)
    for path in ["/greeter.v1.Greeter/Nope", "/nobody.v1.Nobody/SayHello"]:
        nowhere = channel.unary_unary(path)
        equal(status_of(nowhere, b"").code(), StatusCode.UNIMPLEMENTED)
    # Bytes that are no such message.
    broken = channel.unary_unary("/greeter.v1.Greeter/SayHello")
    equal(status_of(broken, b"\x0a\xff").code(), StatusCode.INTERNAL)


def metadata():
    call, request = say_hello()
    _, done = call.with_call(request, metadata=[("x-request-id", "from-python")], timeout=PATIENCE)
    initial, trailing = dict(done.initial_metadata()), dict(done.trailing_metadata())
    equal(initial["x-request-id"], "from-python")
    assert int(trailing["x-took-us"]) >= 0, trailing
    # A failed call has its metadata as well.
    failed = status_of(call, type(request)(), metadata=[("x-request-id", "failed")])
    both = dict(failed.initial_metadata()) | dict(failed.trailing_metadata())
    equal(both["x-request-id"], "failed")


def token():
    reflect = Reflection(channel)
    equal(status_of(reflect.ask_all, iter([])).code(), StatusCode.UNAUTHENTICATED)
    health = health_pb2_grpc.HealthStub(channel)
    anybody = health_pb2.HealthCheckRequest()
    equal(status_of(health.Check, anybody).code(), StatusCode.UNAUTHENTICATED)
    path = channel.unary_unary("/greeter.v1.Greeter/SayHello")
    wrong = [("authorization", "Bearer sesamo")]
    equal(status_of(path, b"", metadata=wrong).code(), StatusCode.UNAUTHENTICATED)
    right = [("authorization", "Bearer sesame")]
    reply = path(b"\x0a\x04wire", metadata=right, timeout=PATIENCE)
    equal(reply, b"\x0a\x0ahello wire")


def health():
    stub = health_pb2_grpc.HealthStub(channel)
    check = health_pb2.HealthCheckRequest
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, \
        health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ["", *SERVICES]:
        equal(stub.Check(check(service=name), timeout=PATIENCE).status, serving)
    unknown = status_of(stub.Check, check(service="nobody.v1.Nobody"))
    equal(unknown.code(), StatusCode.NOT_FOUND)
    watched = stub.Watch(check(service="greeter.v1.Greeter"), timeout=PATIENCE)
    equal(next(watched).status, serving)
    stranger.tell("watching")
    equal(next(watched).status, not_serving)
    stranger.tell("not serving")
    equal(next(watched).status, serving)
    watched.cancel()


def deadline():
    call, request = say_hello()
    begun = time.monotonic()
    failed = status_of(call, request, timeout=0.5)
    equal(failed.code(), StatusCode.DEADLINE_EXCEEDED)
    assert time.monotonic() - begun < PATIENCE, "late"


def deadline_of_the_server():
    """This client would wait for a long time; the server does not."""
    call, request = say_hello()
    failed = status_of(call, request)
    equal(failed.code(), StatusCode.DEADLINE_EXCEEDED)


def cancellation():
    call, request = say_hello()
    under_way = call.future(request, timeout=PATIENCE)
    sys.stdin.readline()
    under_way.cancel()
    equal(under_way.code(), StatusCode.CANCELLED)


def compression():
    call, request = say_hello(name="z" * 190)
    reply = call(request, compression=grpc.Compression.Gzip, timeout=PATIENCE)
    equal(reply.message, "hello " + "z" * 190)


globals()[sys.argv[2]]()
print(sys.argv[2], "passed")
