"""The services of lesson 06 on grpcio: another server for our client.

    python3 server.py DESCRIPTORS [gzip]

DESCRIPTORS is the file that the build of lesson 06 writes. A few names mean more than a name: `slow`
is answered never, `flaky` only when asked for the third time, `closed` is refused, `sick` makes the
service say that it is not serving.
"""

import sys
import time

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
import stranger
from stranger import tell

types = stranger.from_file(sys.argv[1])
SERVICES = ["greeter.v1.Greeter", "hello.v1.HelloService", "say.v1.SayName", "say.v1.say"]
asked = {"flaky": 0}


def refuse(context, field, words):
    """INVALID_ARGUMENT, and in its details the field that is wrong."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.BadRequest(
        field_violations=[{"field": field, "description": words}]))
    context.abort_with_status(rpc_status.to_status(status_pb2.Status(
        code=code_pb2.INVALID_ARGUMENT, message=f"{field}: {words}", details=[detail])))


def greet(request, context):
    metadata = dict(context.invocation_metadata())
    context.set_trailing_metadata([("x-python", "was here"), ("x-python-bin", b"\x00\xff")])
    context.send_initial_metadata([("x-request-id", metadata.get("x-request-id", "none"))])
    if not request.name:
        refuse(context, "name", "at least one character")
    if request.name == "closed":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for \u4f60")
    if request.name == "token":
        return reply("greeter.v1.HelloReply", message=metadata.get("authorization", "none"))
    if request.name == "flaky":
        asked["flaky"] += 1
        if asked["flaky"] < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
    if request.name == "sick":
        of_health.set("greeter.v1.Greeter", health_pb2.HealthCheckResponse.NOT_SERVING)
    if request.name == "slow":
        tell(f"work begins, {context.time_remaining() is not None}")
        while context.is_active():
            time.sleep(0.005)
        tell("work stopped")
    return reply("greeter.v1.HelloReply", message=f"hello {request.name}")


def reply(message, /, **fields):
    return types.message(message)(**fields)


def teacher(request, _context):
    return reply("say.v1.Teacher", age=request.age, name=request.name + "chi")


def something(request, _context):
    return reply("say.v1.Person", name=request.name, say=request.name + "hello")


class Extra(grpc.GenericRpcHandler):
    """grpcio's own services add themselves to a server; `serve` wants handlers. This is between."""

    def __init__(self):
        self.handlers = []

    def add_generic_rpc_handlers(self, handlers):
        self.handlers += handlers

    def add_registered_method_handlers(self, *_):
        pass

    def service(self, details):
        found = (handler.service(details) for handler in self.handlers)
        return next((handler for handler in found if handler), None)


extra = Extra()
of_health = health.HealthServicer()
health_pb2_grpc.add_HealthServicer_to_server(of_health, extra)
for name in ["", *SERVICES]:
    of_health.set(name, health_pb2.HealthCheckResponse.SERVING)
reflection.enable_server_reflection([*SERVICES, reflection.SERVICE_NAME], extra, types.pool)

options = {"compression": grpc.Compression.Gzip} if "gzip" in sys.argv else {}
stranger.serve(
    types.handler("greeter.v1.Greeter", {"SayHello": greet}),
    types.handler("hello.v1.HelloService", {
        "SayHello": lambda request, _: reply("hello.v1.HelloResponse", msg=f"你好,{request.name}"),
        "SayName": lambda request, _: reply("hello.v1.NameResponse", msg=f"你的名字是：{request.name}"),
    }),
    types.handler("say.v1.SayName", {"SayHello": teacher}),
    types.handler("say.v1.say", {"saySomething": something}),
    extra,
    **options,
)
